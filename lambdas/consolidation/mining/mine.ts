import { CaseTable } from './case-table.ts';
import { Cases } from './cases.ts';
import { describe } from './describe.ts';
import { compare, type Conjunction, conjunctionOf, explanationOf, largestP } from './explain.ts';
import { buildFeatures, type Feature } from './feature-table.ts';
import { assertedOf, evidenceOf, measure } from './measure.ts';
import { conditionKey, type Hash, patternIdOf, sortConditions } from './pattern-id.ts';
import { rejectByCounts, rejectByTime } from './promotion.ts';
import type { Significant } from './overlaps.ts';
import { Redundancy } from './redundancy.ts';
import { NONE, Search, type Tested } from './search.ts';
import { defaultMiningSettings } from './settings.ts';
import { likelihoodRatio, qValues } from './statistics.ts';
import type { Asserts, Finding, Miner, MiningResult, MiningSettings, RejectionReason } from './types.ts';

export interface MinerOptions {
  readonly agentId: string;
  readonly decisionType: string;
  /** @default defaultMiningSettings */
  readonly settings?: MiningSettings;
  readonly hash: Hash;
}

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
    mine: () => new MiningRun(current(), options, settings).result(),
    test: (stated) =>
      stated.map(({ asserts, conditions }) => testStated(current(), options, settings, asserts, conditions)),
  };
}

/** Rounds of explaining and asking again; in the last one what was explained away stays so. */
const MAX_ROUNDS = 5;

/** One assertion of one tested conjunction. */
interface Entry {
  readonly index: number;
  readonly asserts: Asserts;
  readonly n: number;
  readonly successes: number;
  readonly pValue: number;
  readonly qValue: number;
  readonly reason: RejectionReason | 'significant';
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

  constructor(table: CaseTable, options: MinerOptions, settings: MiningSettings) {
    this.#table = table;
    this.#options = options;
    this.#settings = settings;
    const { features, truncatedPaths } = buildFeatures(table, settings);
    this.#features = features;
    this.#truncatedPaths = truncatedPaths;
    this.#tested = new Search(features, table, settings).run();
  }

  result(): MiningResult {
    const rejected = new Map<RejectionReason, number>();
    const judged = this.#limit(this.#explain(this.#judge(rejected)));
    for (const { reason } of judged)
      if (reason !== 'significant') rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    const promoted = judged.filter(({ reason }) => reason === 'significant');
    const candidates = (['success', 'failure'] as const).flatMap((asserts) =>
      judged
        .filter((entry) => entry.asserts === asserts && entry.reason !== 'significant')
        .slice(0, this.#settings.maxCandidates),
    );
    return {
      resolved: this.#table.count,
      successes: this.#table.successes,
      tested: 2 * this.#tested.length,
      findings: [...promoted, ...candidates.sort(this.#nearestFirst)].map((entry) => this.#finding(entry)),
      rejected: Object.fromEntries(rejected),
      truncatedPaths: this.#truncatedPaths,
    };
  }

  /**
   * Judges every tested conjunction by itself, once per assertion. Only what passes or may be shown as a near miss is
   * kept, the nearest to significance first; the rest is counted in `rejected`.
   */
  #judge(rejected: Map<RejectionReason, number>): Entry[] {
    const { length } = this.#tested;
    const pValues = { success: this.#tested.pSuccess.view(), failure: this.#tested.pFailure.view() };
    const all = new Float64Array(2 * length);
    all.set(pValues.success);
    all.set(pValues.failure, length);
    const qValueOf = qValues(all);
    const n = this.#tested.n.view();
    const successes = this.#tested.successes.view();
    const entries: Entry[] = [];
    for (const asserts of ['success', 'failure'] as const) {
      const near = this.#nearMiss(pValues[asserts]);
      for (let index = 0; index < length; index++) {
        const pValue = pValues[asserts][index]!;
        const counts = { asserts, n: n[index]!, successes: successes[index]!, qValue: qValueOf(pValue) };
        const entry = { ...counts, index, pValue };
        const reason =
          rejectByCounts(this.#table, counts, this.#settings) ??
          rejectByTime(this.#table, this.#conjunction(entry).bitmap, asserts, this.#settings) ??
          'significant';
        if (reason === 'significant' || pValue <= near) entries.push({ ...entry, reason });
        else rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
      }
    }
    return entries.sort(this.#nearestFirst);
  }

  /** The p-value a rejected conjunction may have to be among the nearest `maxCandidates`. */
  #nearMiss(pValues: Float64Array): number {
    const passing = pValues.reduce((sum, p) => sum + (p <= this.#settings.maxQValue ? 1 : 0), 0);
    return pValues.slice().sort()[passing + this.#settings.maxCandidates] ?? 1;
  }

  /**
   * Drops what other patterns explain, then asks the rest for significance again, counting only what is left as a
   * discovery: one strong rule makes dozens of its reflections significant, and under their cover chance passes at a
   * false discovery rate of 5 % of all of them. Repeated, because what chance explained away may stand again.
   */
  #explain(entries: readonly Entry[]): Entry[] {
    const patterns = new Map<Entry, Significant>();
    for (const entry of entries) {
      if (entry.reason !== 'significant') continue;
      const conjunction = this.#conjunction(entry);
      const keys = conjunction.conditions.map(conditionKey);
      const { asserts, n, successes } = entry;
      patterns.set(entry, { asserts, n, successes, keys, ...conjunction });
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

  /** Benjamini–Hochberg with these as the only discoveries; they are in the order of their p-values. */
  #notSignificantAmong(entries: readonly Entry[]): readonly Entry[] {
    const allowed = this.#settings.maxQValue / (2 * this.#tested.length);
    const passing = entries.findLastIndex(({ pValue }, index) => pValue <= allowed * (index + 1)) + 1;
    return entries.slice(passing);
  }

  #limit(entries: readonly Entry[]): Entry[] {
    const kept = { success: 0, failure: 0 };
    return entries.map((entry) =>
      entry.reason === 'significant' && ++kept[entry.asserts] > this.#settings.maxPromoted
        ? { ...entry, reason: 'over_limit' }
        : entry,
    );
  }

  /** By q, then p, then the size of the effect (p may be too small to tell), then the features' own order. */
  readonly #nearestFirst = (a: Entry, b: Entry): number =>
    a.qValue - b.qValue ||
    a.pValue - b.pValue ||
    (a.pValue === 0 ? this.#strength(b) - this.#strength(a) : 0) ||
    a.index - b.index ||
    (a.asserts < b.asserts ? 1 : -1);

  #strength({ asserts, n, successes }: Entry): number {
    const { count, successes: all } = this.#table;
    const a = assertedOf(asserts, { n, successes });
    const c = assertedOf(asserts, { n: count, successes: all }) - a;
    return likelihoodRatio([a, n - a, c, count - n - c]);
  }

  #conjunction({ index }: { readonly index: number }): Conjunction {
    const { first, second, third } = this.#tested;
    const features = [first, second, third]
      .map((column) => column.view()[index]!)
      .filter((feature) => feature !== NONE)
      .map((feature) => this.#features[feature]!);
    return conjunctionOf(
      this.#table,
      features.map(({ condition }) => condition),
      features.map(({ bitmap }) => bitmap),
    );
  }

  #finding({ asserts, reason, qValue, explainedBy, ...entry }: Entry): Finding {
    return {
      ...findingOf(this.#table, this.#options, this.#settings, asserts, this.#conjunction(entry), qValue),
      verdict: reason === 'significant' ? 'promote' : 'reject',
      reason,
      ...(explainedBy && { explainedBy: idOf(this.#options, explainedBy.asserts, explainedBy.conditions) }),
    };
  }
}

/** Stated beforehand and tested alone: no correction, and the p-value decides by itself. */
function testStated(
  table: CaseTable,
  options: MinerOptions,
  settings: MiningSettings,
  asserts: Asserts,
  conditions: Finding['conditions'],
): Finding {
  const conjunction = conjunctionOf(table, sortConditions(conditions));
  const finding = findingOf(table, options, settings, asserts, conjunction, null);
  const significant = finding.numbers.pValue <= settings.maxQValue;
  if (significant) return { ...finding, verdict: 'promote', reason: 'significant' };
  const tooFew = finding.numbers.n < settings.minOccurrences;
  return { ...finding, verdict: 'reject', reason: tooFew ? 'too_few_occurrences' : 'not_significant' };
}

function findingOf(
  table: CaseTable,
  options: MinerOptions,
  settings: MiningSettings,
  asserts: Asserts,
  conjunction: Conjunction,
  qValue: number | null,
): Omit<Finding, 'verdict' | 'reason'> {
  const { conditions, bitmap } = conjunction;
  const comparisons = compare(table, conjunction, asserts);
  const numbers = measure(table, bitmap, asserts, { pValue: largestP(comparisons), qValue }, settings);
  return {
    patternId: idOf(options, asserts, conditions),
    asserts,
    conditions,
    numbers,
    explain: explanationOf(comparisons, asserts, settings),
    description: describe({ decisionType: options.decisionType, asserts, conditions, numbers }),
    evidence: evidenceOf(table, bitmap),
  };
}

const idOf = (options: MinerOptions, asserts: Asserts, conditions: Finding['conditions']): string =>
  patternIdOf(options.agentId, options.decisionType, asserts, conditions, options.hash);
