import { CaseTable } from './cases/case-table.ts';
import { Cases } from './cases/cases.ts';
import { Confounders } from './judging/confounders.ts';
import { correctByExtension, levelShare } from './statistics/correction.ts';
import { type Conjunction, conjunctionOf } from './judging/explain.ts';
import { buildFeatures, type Feature } from './cases/feature-table.ts';
import { findingOf, idOf, type MinerOptions, significantOf } from './judging/finding.ts';
import { type Entry, Judge } from './judging/judge.ts';
import type { Significant } from './judging/overlaps.ts';
import { outcomesOf, sequencesOf, type Span } from './judging/occurrences.ts';
import { conditionKey } from './pattern-id.ts';
import { type ExplainedAway, Redundancy } from './judging/redundancy.ts';
import { forEachMatch } from './judging/matches.ts';
import { compareSameTime, explainedByTime } from './judging/same-hours.ts';
import { NONE, type Tested } from './statistics/tested.ts';
import { Search } from './search/search.ts';
import { defaultMiningSettings } from './settings.ts';
import type { Outcomes } from './judging/drift.ts';
import type { Sequence } from './statistics/sequential.ts';
import { mergeSimilar, sayOpposite } from './judging/similar.ts';
import { testStated } from './judging/stated.ts';
import type { Asserts, Condition } from './vocabulary.ts';
import type {
  Features,
  Finding,
  Known,
  MiningResult,
  MiningSettings,
  ResolvedCase,
  SameAs,
  Stated,
} from './types.ts';

export interface Miner {
  /** Adds one resolved decision; nothing of the raw item is kept. */
  add(resolved: ResolvedCase): void;
  /** Adds to the features of the case that was added as number `row` (0 is the first); paths it has not yet. */
  extend(row: number, features: Features): void;
  /**
   * Mines everything added.
   * @param known patterns whose verdict is listed, however far from the nearest, when others explain them
   * @param newShare share of the cases no earlier look has seen; see `levelShare`. Default 1
   */
  mine(known?: readonly Known[], newShare?: number): MiningResult;
  /**
   * Numbers of stated conjunctions in the same cases, tested alone (no correction): for `patterns/test`, for
   * patterns that are already known, and for hypotheses.
   * @param beside patterns that stand: a stated one that they explain is rejected for it
   */
  test(stated: readonly Stated[], beside?: readonly Stated[]): Finding[];
  /** Visits every case that all conditions hold for, oldest first; without conditions every case. */
  forEachMatch(
    conditions: readonly Condition[],
    visit: (decisionId: string, time: number, success: boolean) => void,
  ): void;
  /** What the decisions of a conjunction came to, one by one. */
  outcomes(stated: Stated): Outcomes;
  /** The comparisons it has to win within a span, decision by decision: with all others, then within each part. */
  sequences(stated: Stated, span: Span): readonly Sequence[];
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
    extend(row, features) {
      cases.extend(row, features);
      table = undefined;
    },
    mine: (known = [], newShare = 1) => new MiningRun(current(), options, settings).result(known, newShare),
    forEachMatch: (conditions, visit) => forEachMatch(current(), conditions, visit),
    outcomes: (stated) => outcomesOf(current(), stated),
    sequences: (stated, span) => sequencesOf(current(), stated, span),
    test: (stated, beside = []) => testStated(current(), options, settings, stated, beside),
  };
}

/** Rounds of explaining; in the last one what was explained away stays so. */
const MAX_ROUNDS = 5;

/** Other wordings a pattern names. */
const MAX_SAME_AS = 10;

/** Judged by itself, then beside the others. */
interface Verdict extends Entry {
  /** The stronger pattern that explains it. */
  readonly explainedBy?: Significant | undefined;
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
    const search = new Search(found, table, settings);
    this.#tested = search.run();
    this.#notInTriples = search.notInTriples;
  }

  result(known: readonly Known[], newShare: number): MiningResult {
    const judge = new Judge(
      this.#table,
      this.#settings,
      this.#tested,
      (this.#options.correction ?? correctByExtension)(this.#tested, this.#table.totals),
      (index) => this.#conjunction({ index }).bitmap,
    );
    const { rejected, notCompared } = judge;
    const isKnown = this.#isAmong(known);
    const entries = this.#yield(
      judge.entries.map((entry) => this.#besideSameTime(entry)),
      known,
    );
    const judged = this.#merge(
      this.#explainKnown(this.#limit(this.#atLevel(this.#explain(entries), newShare)), isKnown),
      entries,
      this.#isAmong(known.filter(({ incumbent }) => incumbent)),
    );
    const sameAs = this.#sameAs(judged);
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
      findings: [...promoted, ...candidates.sort(judge.nearestFirst), ...explained].map((entry) => {
        const finding = this.#finding(entry);
        const same = entry.reason === 'significant' ? sameAs.get(finding.patternId) : undefined;
        return same ? { ...finding, sameAs: same } : finding;
      }),
      rejected: Object.fromEntries(rejected),
      truncatedPaths: this.#truncatedPaths,
      ...(notInTriples + notCompared + notTaken > 0 && { limits: { notInTriples, notCompared, notTaken } }),
    };
  }

  /** Before patterns explain each other: a signal that only marks good hours must not explain the hours away. */
  #besideSameTime(entry: Entry): Entry {
    if (entry.reason !== 'significant') return entry;
    const comparisons = compareSameTime(this.#table, this.#conjunction(entry), entry.asserts);
    const reason = explainedByTime(comparisons, this.#settings.strictLevel);
    return reason ? { ...entry, reason } : entry;
  }

  /**
   * What is known stays: its mirror image, however much stronger tonight, says nothing new. Asked first, so that
   * neither explains the other away.
   */
  #yield(judged: readonly Entry[], known: readonly Known[]): readonly Verdict[] {
    const incumbents = known
      .filter(({ incumbent }) => incumbent)
      .map((pattern) => {
        const conjunction = conjunctionOf(this.#table, pattern.conditions);
        return significantOf(pattern, this.#table.counts(conjunction.bitmap), conjunction);
      });
    if (incumbents.length === 0) return judged;
    return judged.map((entry) => {
      if (entry.reason !== 'significant') return entry;
      const pattern = this.#significant(entry);
      const by = incumbents.find((incumbent) => sayOpposite(pattern, incumbent, this.#table.count));
      return by ? { ...entry, reason: 'mirror_image', explainedBy: by } : entry;
    });
  }

  /** A signal that only marks good hours must not explain the hours away. */
  #causes(): (asserts: Asserts) => readonly Feature[] {
    const found = new Map<Asserts, readonly Feature[]>();
    return (asserts) => {
      const causes =
        found.get(asserts) ??
        this.#features.filter((feature) => {
          const comparisons = compareSameTime(
            this.#table,
            conjunctionOfFeatures(this.#table, [feature]),
            asserts,
          );
          return !explainedByTime(comparisons, this.#settings.strictLevel);
        });
      found.set(asserts, causes);
      return causes;
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
   * Drops what other patterns explain, then what single conditions explain. Repeated, because what was explained by
   * one that is itself explained away may stand.
   */
  #explain(entries: readonly Verdict[]): Verdict[] {
    const patterns = new Map<Entry, Significant>();
    for (const entry of entries) {
      if (entry.reason !== 'significant') continue;
      patterns.set(entry, this.#significant(entry));
    }
    const redundancy = new Redundancy(this.#table, this.#settings, [...patterns.values()]);
    const confounders = new Confounders(this.#table, this.#settings, this.#causes());
    const confounded = new Map<Entry, ExplainedAway>();
    // What stands against single conditions does so in every round.
    const stands = new Set<Entry>();
    for (let round = 1; ; round++) {
      const standing = [...patterns].filter(([entry]) => !confounded.has(entry));
      const explained = redundancy.explain(standing.map(([, pattern]) => pattern));
      const before = confounded.size;
      for (const [entry, pattern] of standing) {
        if (explained.has(pattern)) continue;
        if (stands.has(entry)) continue;
        const found = confounders.find({ ...pattern, features: this.#featuresOf(entry) });
        if (!found) {
          stands.add(entry);
          continue;
        }
        const by = conjunctionOfFeatures(this.#table, found.by);
        confounded.set(entry, {
          reason: found.reason,
          by: significantOf(entry, this.#table.counts(by.bitmap), by),
        });
      }
      if (confounded.size > before && round < MAX_ROUNDS) continue;
      return entries.map((entry) => {
        const away = confounded.get(entry) ?? explained.get(patterns.get(entry)!);
        return away ? { ...entry, reason: away.reason, explainedBy: away.by } : entry;
      });
    }
  }

  /** A known pattern that no longer passes by itself may still hold, unless what is promoted explains it. */
  #explainKnown(judged: readonly Verdict[], isKnown: (entry: Entry) => boolean): readonly Verdict[] {
    const asked = new Map<Verdict, Significant>();
    for (const entry of judged)
      if (entry.reason !== 'significant' && !entry.explainedBy && isKnown(entry))
        asked.set(entry, this.#significant(entry));
    if (asked.size === 0) return judged;
    const rules = judged
      .filter(({ reason }) => reason === 'significant')
      .map((entry) => this.#significant(entry));
    const redundancy = new Redundancy(this.#table, this.#settings, [...rules, ...asked.values()]);
    return judged.map((entry) => {
      const pattern = asked.get(entry);
      const away = pattern && redundancy.explainKnown(pattern, rules, entry.pValue);
      return away ? { ...entry, reason: away.reason, explainedBy: away.by } : entry;
    });
  }

  /** What is significant at the whole level explains others; promoted is what passes at the share this look may spend. */
  #atLevel(entries: readonly Verdict[], newShare: number): Verdict[] {
    const level = this.#settings.maxQValue * levelShare(newShare);
    return entries.map((entry) =>
      entry.reason === 'significant' && entry.qValue > level ? { ...entry, reason: 'level_spent' } : entry,
    );
  }

  #merge(
    judged: readonly Verdict[],
    entries: readonly Entry[],
    isIncumbent: (entry: Entry) => boolean,
  ): readonly Verdict[] {
    const nameOf = ({ asserts, index }: Entry): string => `${asserts} ${index}`;
    const alone = new Set(entries.filter(({ reason }) => reason === 'significant').map(nameOf));
    return mergeSimilar(judged, {
      patternOf: (entry) => this.#significant(entry),
      isIncumbent,
      standsAlone: (entry) => alone.has(nameOf(entry)),
    });
  }

  /** What was merged into a pattern, strongest first, by the pattern's id. */
  #sameAs(judged: readonly Verdict[]): Map<string, SameAs[]> {
    const merged = new Map<string, SameAs[]>();
    for (const { asserts, reason, explainedBy, ...entry } of judged) {
      if (reason !== 'same_as_other' || !explainedBy) continue;
      const id = idOf(this.#options, explainedBy.asserts, explainedBy.conditions);
      const others = merged.get(id) ?? [];
      merged.set(id, others);
      if (others.length >= MAX_SAME_AS) continue;
      const conditions = this.#conditions(entry);
      others.push({ patternId: idOf(this.#options, asserts, conditions), conditions });
    }
    return merged;
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
    return conjunctionOfFeatures(this.#table, this.#featuresOf(entry));
  }

  #significant(entry: Entry): Significant {
    return significantOf(entry, entry, this.#conjunction(entry));
  }

  #finding({ asserts, reason, qValue, explainedBy, ...entry }: Verdict): Finding {
    return {
      ...findingOf(
        this.#table,
        this.#options,
        this.#settings,
        asserts,
        this.#conjunction(entry),
        Math.min(1, qValue),
      ),
      verdict: reason === 'significant' ? 'promote' : 'reject',
      reason,
      ...(explainedBy && { explainedBy: idOf(this.#options, explainedBy.asserts, explainedBy.conditions) }),
    };
  }
}

const conjunctionOfFeatures = (table: CaseTable, features: readonly Feature[]): Conjunction =>
  conjunctionOf(
    table,
    features.map(({ condition }) => condition),
    features.map(({ bitmap }) => bitmap),
  );
