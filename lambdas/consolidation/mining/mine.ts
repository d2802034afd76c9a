import { CaseTable } from './case-table.ts';
import { Cases } from './cases.ts';
import { type Conjunction, conjunctionOf } from './explain.ts';
import { buildFeatures, type Feature } from './feature-table.ts';
import { findingOf, idOf, type MinerOptions, significantOf } from './finding.ts';
import { type Entry, Judge } from './judge.ts';
import type { Significant } from './overlaps.ts';
import { conditionKey } from './pattern-id.ts';
import { Redundancy } from './redundancy.ts';
import { NONE, Search, type Tested } from './search.ts';
import { defaultMiningSettings } from './settings.ts';
import { testStated } from './stated.ts';
import type { Condition, Finding, Miner, MiningResult, MiningSettings, Stated } from './types.ts';

/** A miner for the resolved decisions of one agent and type. Add each decision once, then ask. */
export function createMiner(options: MinerOptions): Miner {
  const settings = options.settings ?? defaultMiningSettings;
  const cases = new Cases();
  let table: CaseTable | undefined;
  const current = (): CaseTable => (table ??= new CaseTable(cases));
  return {
    add(resolved) {
      cases.add(resolved);
      table = undefined;
    },
    mine: (known = []) => new MiningRun(current(), options, settings).result(known),
    test: (stated, beside = []) => testStated(current(), options, settings, stated, beside),
  };
}

/** Rounds of explaining and asking again; in the last one what was explained away stays so. */
const MAX_ROUNDS = 5;

/** Judged by itself, then beside the others. */
interface Verdict extends Entry {
  /** The stronger pattern that explains it. */
  readonly explainedBy?: Significant;
}

class MiningRun {
  readonly #table: CaseTable;
  readonly #options: MinerOptions;
  readonly #settings: MiningSettings;
  readonly #features: readonly Feature[];
  readonly #truncatedPaths: readonly string[];
  readonly #tested: Tested;
  readonly #notInTriples: number;

  constructor(table: CaseTable, options: MinerOptions, settings: MiningSettings) {
    this.#table = table;
    this.#options = options;
    this.#settings = settings;
    const found = buildFeatures(table, settings);
    this.#features = found.features;
    this.#truncatedPaths = found.truncatedPaths;
    const search = new Search(found, table, settings, options.count);
    this.#tested = search.run();
    this.#notInTriples = search.notInTriples;
  }

  result(known: readonly Stated[]): MiningResult {
    const judge = new Judge(
      this.#table,
      this.#settings,
      this.#tested,
      (index) => this.#conjunction({ index }).bitmap,
    );
    const { rejected, notCompared } = judge;
    const isKnown = this.#isAmong(known);
    const judged = this.#explainKnown(this.#limit(this.#explain(judge.entries)), isKnown);
    for (const { reason } of judged)
      if (reason !== 'significant') rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    const promoted = judged.filter(({ reason }) => reason === 'significant');
    const candidates = (['success', 'failure'] as const).flatMap((asserts) =>
      judged
        .filter((entry) => entry.asserts === asserts && entry.reason !== 'significant')
        .slice(0, this.#settings.maxCandidates),
    );
    const listed = new Set(candidates);
    const explained = judged.filter((entry) => entry.explainedBy && !listed.has(entry) && isKnown(entry));
    const notInTriples = this.#notInTriples;
    const { notTaken } = this.#table.cases;
    return {
      resolved: this.#table.count,
      successes: this.#table.successes,
      tested: 2 * this.#tested.tests,
      findings: [...promoted, ...candidates.sort(judge.nearestFirst), ...explained].map((entry) =>
        this.#finding(entry),
      ),
      rejected: Object.fromEntries(rejected),
      truncatedPaths: this.#truncatedPaths,
      ...(notInTriples + notCompared + notTaken > 0 && { limits: { notInTriples, notCompared, notTaken } }),
    };
  }

  #isAmong(known: readonly Stated[]): (entry: Entry) => boolean {
    const nameOf = ({ asserts, conditions }: Stated): string =>
      JSON.stringify([asserts, conditions.map(conditionKey).sort()]);
    const names = new Set(known.map(nameOf));
    return (entry) =>
      names.size > 0 && names.has(nameOf({ asserts: entry.asserts, conditions: this.#conditions(entry) }));
  }

  /**
   * Drops what other patterns explain, then asks the rest for significance again, counting only what is left as a
   * discovery: one strong rule makes dozens of its reflections significant, and under their cover chance passes at a
   * false discovery rate of 5 % of all of them. Repeated, because what chance explained away may stand again.
   */
  #explain(entries: readonly Entry[]): Verdict[] {
    const patterns = new Map<Entry, Significant>();
    for (const entry of entries) {
      if (entry.reason !== 'significant') continue;
      patterns.set(entry, significantOf(entry, entry, this.#conjunction(entry)));
    }
    const redundancy = new Redundancy(this.#table, this.#settings, [...patterns.values()]);
    const chance = new Set<Entry>();
    for (let round = 1; ; round++) {
      const standing = [...patterns].filter(([entry]) => !chance.has(entry));
      const explained = redundancy.explain(standing.map(([, pattern]) => pattern));
      const left = standing.filter(([, pattern]) => !explained.has(pattern)).map(([entry]) => entry);
      const dropped = this.#notSignificantAmong(left);
      for (const entry of dropped) chance.add(entry);
      if (dropped.length > 0 && round < MAX_ROUNDS) continue;
      return entries.map((entry) => {
        if (chance.has(entry)) return { ...entry, reason: 'not_significant_alone' };
        const away = explained.get(patterns.get(entry)!);
        return away ? { ...entry, reason: away.reason, explainedBy: away.by } : entry;
      });
    }
  }

  /** A known pattern that no longer passes by itself may still hold, unless what is promoted explains it. */
  #explainKnown(judged: readonly Verdict[], isKnown: (entry: Entry) => boolean): readonly Verdict[] {
    const asked = new Map<Verdict, Significant>();
    for (const entry of judged)
      if (entry.reason !== 'significant' && !entry.explainedBy && isKnown(entry))
        asked.set(entry, significantOf(entry, entry, this.#conjunction(entry)));
    if (asked.size === 0) return judged;
    const rules = judged
      .filter(({ reason }) => reason === 'significant')
      .map((entry) => significantOf(entry, entry, this.#conjunction(entry)));
    const redundancy = new Redundancy(this.#table, this.#settings, [...rules, ...asked.values()]);
    return judged.map((entry) => {
      const pattern = asked.get(entry);
      const away = pattern && redundancy.explainKnown(pattern, rules, entry.pValue);
      return away ? { ...entry, reason: away.reason, explainedBy: away.by } : entry;
    });
  }

  /** Benjamini–Hochberg with these as the only discoveries; they are in the order of their p-values. */
  #notSignificantAmong(entries: readonly Entry[]): readonly Entry[] {
    const allowed = this.#settings.maxQValue / (2 * this.#tested.tests);
    const passing = entries.findLastIndex(({ pValue }, index) => pValue <= allowed * (index + 1)) + 1;
    return entries.slice(passing);
  }

  #limit(entries: readonly Verdict[]): Verdict[] {
    const kept = { success: 0, failure: 0 };
    return entries.map((entry) =>
      entry.reason === 'significant' && ++kept[entry.asserts] > this.#settings.maxPromoted
        ? { ...entry, reason: 'over_limit' }
        : entry,
    );
  }

  #featuresOf({ index }: { readonly index: number }): Feature[] {
    const { first, second, third } = this.#tested;
    return [first, second, third]
      .map((column) => column.view()[index]!)
      .filter((feature) => feature !== NONE)
      .map((feature) => this.#features[feature]!);
  }

  #conditions(entry: { readonly index: number }): readonly Condition[] {
    return this.#featuresOf(entry).map(({ condition }) => condition);
  }

  #conjunction(entry: { readonly index: number }): Conjunction {
    const features = this.#featuresOf(entry);
    return conjunctionOf(
      this.#table,
      features.map(({ condition }) => condition),
      features.map(({ bitmap }) => bitmap),
    );
  }

  #finding({ asserts, reason, qValue, explainedBy, ...entry }: Verdict): Finding {
    return {
      ...findingOf(this.#table, this.#options, this.#settings, asserts, this.#conjunction(entry), qValue),
      verdict: reason === 'significant' ? 'promote' : 'reject',
      reason,
      ...(explainedBy && { explainedBy: idOf(this.#options, explainedBy.asserts, explainedBy.conditions) }),
    };
  }
}
