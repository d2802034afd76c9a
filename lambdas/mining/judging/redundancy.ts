import type { CaseTable } from '../cases/case-table.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { isPart, Overlaps, type Significant } from './overlaps.ts';
import { interactionOneSided, isRelated, less, likelihoodRatio, tableOf } from '../statistics/two-by-two.ts';
import { stratifiedOneSided } from '../statistics/stratified.ts';
import type { MiningSettings, RejectionReason } from '../types.ts';

export interface ExplainedAway {
  readonly reason: RejectionReason;
  readonly by: Significant;
}

/** Patterns held constant at once when one is tested beside the others. At most 2⁴ strata stay well filled. */
const MAX_HELD_CONSTANT = 4;

/**
 * Finds the significant patterns that are only another view of one rule. One true rule makes many patterns significant:
 * its parts, the other values of its fields with the opposite assertion, and correlated conditions. There are four
 * passes, each at `strictLevel`:
 *
 * 1. A part is dropped unless it has an effect outside all significant conjunctions that contain it.
 * 2. Strongest first, a pattern is dropped unless its effect remains where an accepted one is held constant. For a
 *    mirror image or a part this tests the cases outside the accepted pattern; for a mere correlate, inside and outside.
 * 3. Weakest first, an accepted pattern is dropped when the others together explain it.
 * 4. A conjunction of rules that stand by themselves is dropped unless they do more together than each adds alone.
 *    Otherwise every pair and triple of independent rules would pass, because it beats all its parts.
 */
export class Redundancy {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #overlaps: Overlaps;
  readonly #besideOne = new Map<Significant, Map<Significant, boolean>>();

  /** @param patterns all patterns that the methods are called with */
  constructor(table: CaseTable, settings: MiningSettings, patterns: readonly Significant[]) {
    this.#table = table;
    this.#settings = settings;
    this.#overlaps = new Overlaps(table, patterns);
  }

  /** The patterns that others explain. The rest stand. */
  explain(significant: readonly Significant[]): Map<Significant, ExplainedAway> {
    const { strictLevel } = this.#settings;
    const explained = new Map<Significant, ExplainedAway>();
    const byStrength = this.#byStrength(significant);
    const containing = containingOf(byStrength);
    const whole = byStrength.filter((pattern) => {
      const by = this.#heldByConjunctions(pattern, containing.get(pattern) ?? []);
      if (by) explained.set(pattern, { reason: 'explained_by_conjunction', by });
      return !by;
    });
    const accepted: Significant[] = [];
    for (const pattern of whole) {
      const by = accepted.find((rule) => !areNested(pattern, rule) && !this.#holdsBesideOne(pattern, rule));
      if (by) explained.set(pattern, { reason: this.#reasonOf(pattern, by), by });
      else accepted.push(pattern);
    }
    const standing = new Set(accepted);
    for (const pattern of accepted.toReversed()) {
      const others = this.#mostRelated(
        pattern,
        [...standing].filter((other) => other !== pattern && !areNested(pattern, other)),
      );
      if (others.length === 0 || this.#holdsBeside(pattern, others, strictLevel)) continue;
      standing.delete(pattern);
      explained.set(pattern, { reason: this.#reasonOf(pattern, others[0]!), by: others[0]! });
    }
    for (const pattern of [...standing].sort((a, b) => a.keys.length - b.keys.length)) {
      const by = this.#addedUp(pattern, [...standing], strictLevel);
      if (!by) continue;
      standing.delete(pattern);
      explained.set(pattern, { reason: 'explained_by_parts', by });
    }
    return explained;
  }

  /**
   * Finds a standing rule that explains one more pattern, known from before. Outside the conjunctions that contain it,
   * the strict level applies as to any pattern. Beside other rules, a pattern that is weaker by itself could not pass
   * that level, so there the 5 % of promoted patterns applies.
   * @param rules strongest first
   * @param pValue p-value of the pattern itself
   */
  explainKnown(
    pattern: Significant,
    rules: readonly Significant[],
    pValue: number,
  ): ExplainedAway | undefined {
    const { strictLevel, maxQValue } = this.#settings;
    const level = pValue <= strictLevel ? strictLevel : maxQValue;
    const containing = rules.filter(
      (rule) =>
        rule.asserts === pattern.asserts && rule.keys.length > pattern.keys.length && isPart(pattern, rule),
    );
    const whole = this.#heldByConjunctions(pattern, containing);
    if (whole) return { reason: 'explained_by_conjunction', by: whole };
    const others = rules.filter((rule) => !areNested(pattern, rule) && this.#related(pattern, rule));
    const by = others.find((rule) => !this.#holdsBeside(pattern, [rule], level));
    if (by) return { reason: this.#reasonOf(pattern, by), by };
    const together = this.#mostRelated(pattern, others);
    if (together.length > 1 && !this.#holdsBeside(pattern, together, level))
      return { reason: this.#reasonOf(pattern, together[0]!), by: together[0]! };
    const part = this.#addedUp(pattern, rules, level);
    return part && { reason: 'explained_by_parts', by: part };
  }

  #byStrength(patterns: readonly Significant[]): Significant[] {
    return patterns
      .map((pattern) => ({
        pattern,
        strength: likelihoodRatio(this.#overlaps.effect(pattern)),
        key: pattern.keys.join(),
      }))
      .sort(
        (a, b) =>
          // The mirror images of a field with two values differ in strength only by rounding.
          (Math.abs(a.strength - b.strength) > 1e-9 * a.strength ? b.strength - a.strength : 0) ||
          (a.pattern.asserts === b.pattern.asserts ? 0 : a.pattern.asserts === 'success' ? -1 : 1) ||
          a.pattern.conditions.length - b.pattern.conditions.length ||
          (a.key < b.key ? -1 : 1),
      )
      .map(({ pattern }) => pattern);
  }

  /** The strongest of the conjunctions that contain the pattern, when they together leave it no effect. */
  #heldByConjunctions(part: Significant, containing: readonly Significant[]): Significant | undefined {
    if (containing.length === 0) return undefined;
    // Compares only cases where the other conditions of none of them are met, on both sides. Otherwise an independent
    // effect of those conditions would hide the part's own.
    const outside = this.#table.all.slice();
    for (const conjunction of containing) exclude(outside, restOf(conjunction, part));
    const stratum = this.#overlaps.effectAmong(part, outside);
    return fisherOneSided(...stratum) > this.#settings.strictLevel ? containing[0] : undefined;
  }

  /** A part of the conjunction that does no more inside it than outside, when the rest is a known rule too. */
  #addedUp(pattern: Significant, accepted: readonly Significant[], level: number): Significant | undefined {
    if (pattern.keys.length === 1) return undefined;
    const parts = accepted.filter(
      (part) =>
        part.asserts === pattern.asserts && part.keys.length < pattern.keys.length && isPart(part, pattern),
    );
    return parts.find((part) => {
      const known = (key: string): boolean =>
        parts.some((other) => other !== part && other.keys.includes(key));
      if (!pattern.keys.filter((key) => !part.keys.includes(key)).every(known)) return false;
      // The part and the rest together make the pattern.
      const rest = this.#table.counts(restOf(pattern, part));
      const inside = tableOf(pattern.asserts, pattern, less(rest, pattern));
      const neither = less(less(this.#table.totals, rest), less(part, pattern));
      const outside = tableOf(pattern.asserts, less(part, pattern), neither);
      return interactionOneSided(inside, outside) > level;
    });
  }

  /** Remembers its answers: they are needed in every round. Most rules are unrelated to the pattern. */
  #holdsBesideOne(pattern: Significant, rule: Significant): boolean {
    let known = this.#besideOne.get(pattern);
    if (!known) this.#besideOne.set(pattern, (known = new Map()));
    let holds = known.get(rule);
    if (holds === undefined) {
      holds = !this.#related(pattern, rule) || this.#holdsBeside(pattern, [rule], this.#settings.strictLevel);
      known.set(rule, holds);
    }
    return holds;
  }

  #related(a: Significant, b: Significant): boolean {
    return isRelated(this.#overlaps.association(a, b), this.#table.count);
  }

  /** True when the pattern's effect is significant where the rules are held constant. */
  #holdsBeside(pattern: Significant, rules: readonly Significant[], level: number): boolean {
    const strata = this.#overlaps.strata(pattern, rules);
    const [only] = strata;
    if (!only) return false;
    const p = strata.length === 1 ? fisherOneSided(...only) : stratifiedOneSided(strata);
    return p <= level;
  }

  /** The other patterns with the largest absolute phi to this one. */
  #mostRelated(pattern: Significant, others: readonly Significant[]): Significant[] {
    return others
      .map((other) => ({ other, phi: Math.abs(this.#overlaps.association(pattern, other)) }))
      .sort((a, b) => b.phi - a.phi)
      .slice(0, MAX_HELD_CONSTANT)
      .map(({ other }) => other);
  }

  #reasonOf(pattern: Significant, by: Significant): RejectionReason {
    if (pattern.asserts === by.asserts)
      return isPart(pattern, by) ? 'explained_by_conjunction' : 'explained_by_other';
    const fields = new Set(by.conditions.map(({ path }) => path));
    return this.#overlaps.shared(pattern, by).n === 0 &&
      pattern.conditions.some(({ path }) => fields.has(path))
      ? 'mirror_image'
      : 'explained_by_other';
  }
}

/** True when one has all conditions of the other: such pairs are compared by their parts already. */
const areNested = (a: Significant, b: Significant): boolean => isPart(a, b) || isPart(b, a);

/** By pattern: the conjunctions with the same assertion that contain it, in the order given. */
function containingOf(patterns: readonly Significant[]): Map<Significant, Significant[]> {
  const nameOf = (asserts: string, keys: readonly string[]): string => JSON.stringify([asserts, keys]);
  const named = new Map(patterns.map((pattern) => [nameOf(pattern.asserts, pattern.keys), pattern]));
  const containing = new Map<Significant, Significant[]>();
  for (const pattern of patterns) {
    for (let mask = 1; mask < 2 ** pattern.keys.length - 1; mask++) {
      const keys = pattern.keys.filter((_, i) => mask & (1 << i));
      const part = named.get(nameOf(pattern.asserts, keys));
      if (!part) continue;
      const whole = containing.get(part);
      if (whole) whole.push(pattern);
      else containing.set(part, [pattern]);
    }
  }
  return containing;
}

/** Cases that meet the conditions that a conjunction has beyond its part. */
function restOf(whole: Significant, part: Significant): Uint32Array {
  const [first, ...others] = whole.bitmaps.filter((_, i) => !part.keys.includes(whole.keys[i]!));
  if (others.length === 0) return first!;
  const rest = first!.slice();
  for (const bitmap of others) for (let i = 0; i < rest.length; i++) rest[i]! &= bitmap[i]!;
  return rest;
}

function exclude(rows: Uint32Array, others: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) rows[i]! &= ~others[i]!;
}
