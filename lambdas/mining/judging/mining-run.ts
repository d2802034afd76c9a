import type { CaseTable } from '../cases/case-table.ts';
import { buildFeatures, type Feature } from '../cases/feature-table.ts';
import { claimKey } from '../pattern-id.ts';
import { Search } from '../search/search.ts';
import { NONE, type Tested } from '../search/tested.ts';
import type { Finding, Known, MiningResult, MiningSettings, SameAs, Stated } from '../types.ts';
import type { Asserts, Condition } from '../vocabulary.ts';
import { Confounders } from './confounders.ts';
import { correctByExtension, levelShare } from './correction.ts';
import { type Conjunction, conjunctionOf } from './explain.ts';
import { findingOf, idOf, type MinerOptions, significantOf } from './finding.ts';
import { type Entry, Judge } from './judge.ts';
import type { Significant } from './overlaps.ts';
import { type ExplainedAway, Redundancy } from './redundancy.ts';
import { compareSameTime, explainedByTime } from './same-hours.ts';
import { mergeSimilar, isMirrorImage } from './similar.ts';

/** Rounds of explaining. In the last round, a pattern that was explained away stays so. */
const MAX_ROUNDS = 5;

/** Other wordings that a pattern names, at most. */
const MAX_SAME_AS = 10;

/** A conjunction that was judged by itself, then beside the others. */
interface Verdict extends Entry {
  /** The stronger pattern that explains it. */
  readonly explainedBy?: Significant | undefined;
}

/** One run over all cases: searches, judges each conjunction by itself, then judges them beside each other. */
export class MiningRun {
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

  /**
   * Runs before patterns explain each other. Otherwise a signal that only marks good hours could explain the hours away.
   */
  #besideSameTime(entry: Entry): Entry {
    if (entry.reason !== 'significant') return entry;
    const comparisons = compareSameTime(this.#table, this.#conjunction(entry), entry.asserts);
    const reason = explainedByTime(comparisons, this.#settings.strictLevel);
    return reason ? { ...entry, reason } : entry;
  }

  /**
   * A known pattern stays. Its mirror image says nothing new, however much stronger it is tonight. This runs first, so
   * that neither of the two explains the other away.
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
      const by = incumbents.find((incumbent) => isMirrorImage(pattern, incumbent, this.#table.count));
      return by ? { ...entry, reason: 'mirror_image', explainedBy: by } : entry;
    });
  }

  /** Single conditions that may explain a pattern: a signal that only marks good hours may not. */
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
    const claims = new Set(known.map(claimKey));
    return (entry) =>
      claims.size > 0 &&
      claims.has(claimKey({ asserts: entry.asserts, conditions: this.#conditions(entry) }));
  }

  /**
   * Drops patterns that other patterns explain, then patterns that single conditions explain. The two steps are
   * repeated: a pattern may stand after all when the one that explained it is explained away itself.
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
    // A pattern that stands against single conditions does so in every round.
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

  /** A known pattern that no longer passes by itself may still hold, unless a promoted one explains it. */
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

  /**
   * A pattern that is significant at the whole level explains others. It is promoted only if it also passes at the share
   * of the level that this run may spend.
   */
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

  /** The wordings merged into a pattern, strongest first, by the pattern's id. */
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
