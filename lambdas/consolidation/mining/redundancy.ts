import { intersect, popcount } from './bitmap.ts';
import type { CaseTable } from './case-table.ts';
import { fisherOneSided } from './fisher.ts';
import { interactionOneSided, likelihoodRatio, stratifiedOneSided, type Table } from './statistics.ts';
import type { Asserts, Condition, MiningSettings, RejectionReason } from './types.ts';

/** A pattern that passed every test of its own. */
export interface Significant {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  /** One key per condition; a part's keys are a subset. */
  readonly keys: readonly string[];
  /** Rows of each condition, in the same order. */
  readonly bitmaps: readonly Uint32Array[];
  /** Rows of all. */
  readonly bitmap: Uint32Array;
}

export interface ExplainedAway {
  readonly reason: RejectionReason;
  readonly by: Significant;
}

/** Patterns held constant at once when one is tested beside the others: at most 2⁴ strata stay well filled. */
const MAX_HELD_CONSTANT = 4;

/** χ² of one degree of freedom at 0.01: below it two patterns' rows are as good as independent. */
const UNRELATED_CHI_SQUARE = 6.635;

/**
 * Which significant patterns are only another one seen differently. One true rule makes many patterns significant:
 * its parts, the other values of its fields as the opposite, and whatever is correlated with it. Three passes, each at
 * `strictLevel`:
 *
 * 1. A part is dropped unless it has an effect outside all significant conjunctions that contain it.
 * 2. Strongest first, a pattern is dropped unless its effect remains where an accepted one is held constant. For a
 *    mirror image or a part this is the test outside the accepted rows; for a bystander it is inside and outside.
 * 3. Of what was accepted, weakest first, a pattern is dropped that the others explain together.
 * 4. A conjunction of rules that stand by themselves is dropped unless they do more together than each adds alone:
 *    every pair and triple of independent rules beats all its parts.
 */
export class Redundancy {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #beside = new Map<Significant, Map<Significant, boolean>>();

  constructor(table: CaseTable, settings: MiningSettings) {
    this.#table = table;
    this.#settings = settings;
  }

  /** Those that are explained by others; the rest stand. */
  explain(significant: readonly Significant[]): Map<Significant, ExplainedAway> {
    const explained = new Map<Significant, ExplainedAway>();
    const byStrength = this.#byStrength(significant);
    const whole = byStrength.filter((pattern) => {
      const by = this.#containing(pattern, byStrength);
      if (by) explained.set(pattern, { reason: 'explained_by_conjunction', by });
      return !by;
    });
    let accepted: Significant[] = [];
    for (const pattern of whole) {
      const by = accepted.find((rule) => !nested(pattern, rule) && !this.#holdsBesideOne(pattern, rule));
      if (by) explained.set(pattern, { reason: reasonOf(pattern, by), by });
      else accepted.push(pattern);
    }
    for (const pattern of accepted.toReversed()) {
      const others = this.#mostRelated(
        pattern,
        accepted.filter((other) => other !== pattern && !nested(pattern, other)),
      );
      if (others.length === 0 || this.#holdsBeside(pattern, others)) continue;
      accepted = accepted.filter((other) => other !== pattern);
      explained.set(pattern, { reason: reasonOf(pattern, others[0]!), by: others[0]! });
    }
    for (const pattern of accepted.toSorted((a, b) => a.keys.length - b.keys.length)) {
      const by = this.#addedUp(pattern, accepted);
      if (!by) continue;
      accepted = accepted.filter((other) => other !== pattern);
      explained.set(pattern, { reason: 'explained_by_parts', by });
    }
    return explained;
  }

  #byStrength(patterns: readonly Significant[]): Significant[] {
    return patterns
      .map((pattern) => ({
        pattern,
        strength: likelihoodRatio(this.#effect(pattern, this.#table.all)),
        key: pattern.keys.join(),
      }))
      .sort(
        (a, b) =>
          // mirror images of a field with two values are equally strong but for rounding
          (Math.abs(a.strength - b.strength) > 1e-9 * a.strength ? b.strength - a.strength : 0) ||
          (a.pattern.asserts === b.pattern.asserts ? 0 : a.pattern.asserts === 'success' ? -1 : 1) ||
          a.pattern.conditions.length - b.pattern.conditions.length ||
          (a.key < b.key ? -1 : 1),
      )
      .map(({ pattern }) => pattern);
  }

  /** The strongest conjunction that contains the pattern, when all of them together leave it no effect. */
  #containing(part: Significant, patterns: readonly Significant[]): Significant | undefined {
    const containing = patterns.filter(
      (pattern) =>
        pattern.asserts === part.asserts &&
        pattern.keys.length > part.keys.length &&
        part.keys.every((key) => pattern.keys.includes(key)),
    );
    if (containing.length === 0) return undefined;
    // Where the other conditions of none of them hold, for the part and for what it is compared with: compared with all
    // that lack the part, an independent effect of the other conditions would hide the part's own.
    const outside = this.#table.all.slice();
    for (const conjunction of containing) {
      const rest = conjunction.bitmaps.filter((_, i) => !part.keys.includes(conjunction.keys[i]!));
      for (let i = 0; i < outside.length; i++)
        outside[i]! &= ~rest.reduce((word, bitmap) => word & bitmap[i]!, 0xffff_ffff);
    }
    const stratum = this.#effect(part, outside);
    return fisherOneSided(...stratum) > this.#settings.strictLevel ? containing[0] : undefined;
  }

  /** A part of the conjunction that does no more inside it than outside, when the rest is known by itself as well. */
  #addedUp(pattern: Significant, accepted: readonly Significant[]): Significant | undefined {
    const parts = accepted.filter(
      (part) =>
        part.asserts === pattern.asserts && part.keys.length < pattern.keys.length && nested(part, pattern),
    );
    return parts.find((part) => {
      const isRest = (key: string): boolean => !part.keys.includes(key);
      const known = (key: string): boolean =>
        parts.some((other) => other !== part && other.keys.includes(key));
      if (!pattern.keys.filter(isRest).every(known)) return false;
      const inside = pattern.bitmaps
        .filter((_, i) => isRest(pattern.keys[i]!))
        .reduce((both, bitmap) => intersect(both, bitmap), this.#table.all);
      const outside = this.#table.all.map((word, i) => word & ~inside[i]!);
      const p = interactionOneSided(this.#effect(part, inside), this.#effect(part, outside));
      return p > this.#settings.strictLevel;
    });
  }

  /** The same question comes back in every round, and most rules have nothing to do with the pattern. */
  #holdsBesideOne(pattern: Significant, rule: Significant): boolean {
    let known = this.#beside.get(pattern);
    if (!known) this.#beside.set(pattern, (known = new Map()));
    let holds = known.get(rule);
    if (holds === undefined) {
      const unrelated = this.#association(pattern, rule) ** 2 * this.#table.count < UNRELATED_CHI_SQUARE;
      holds = unrelated || this.#holdsBeside(pattern, [rule]);
      known.set(rule, holds);
    }
    return holds;
  }

  /** Whether the pattern's effect is significant where the rules are held constant. */
  #holdsBeside(pattern: Significant, rules: readonly Significant[]): boolean {
    const strata = this.#strata(pattern, rules);
    const [only] = strata;
    if (!only) return false;
    const p = strata.length === 1 ? fisherOneSided(...only) : stratifiedOneSided(strata);
    return p <= this.#settings.strictLevel;
  }

  /** The pattern's 2×2 tables by which of the rules hold; those with an empty margin say nothing. */
  #strata(pattern: Significant, rules: readonly Significant[]): Table[] {
    const cells = 2 ** rules.length;
    const strata: Table[] = [];
    const among = this.#table.empty();
    for (let cell = 0; cell < cells; cell++) {
      among.set(this.#table.all);
      rules.forEach(({ bitmap }, r) => {
        const flip = cell & (1 << r) ? 0 : 0xffff_ffff;
        for (let i = 0; i < among.length; i++) among[i]! &= bitmap[i]! ^ flip;
      });
      const [a, b, c, d] = this.#effect(pattern, among);
      if (a + b > 0 && c + d > 0 && a + c > 0 && b + d > 0) strata.push([a, b, c, d]);
    }
    return strata;
  }

  /** Accepted patterns whose rows are most associated with the pattern's, either way. */
  #mostRelated(pattern: Significant, others: readonly Significant[]): Significant[] {
    return others
      .map((other) => ({ other, phi: Math.abs(this.#association(pattern, other)) }))
      .sort((a, b) => b.phi - a.phi)
      .slice(0, MAX_HELD_CONSTANT)
      .map(({ other }) => other);
  }

  /** Phi coefficient of two patterns' rows. */
  #association(a: Significant, b: Significant): number {
    const total = this.#table.count;
    const both = overlap(a, b);
    const sizeA = overlap(a, a);
    const sizeB = overlap(b, b);
    return (total * both - sizeA * sizeB) / Math.sqrt(sizeA * (total - sizeA) * sizeB * (total - sizeB));
  }

  /** Asserted and other, with and without the pattern, among some rows. */
  #effect({ bitmap, asserts }: Significant, among: Uint32Array): Table {
    const { successWords } = this.#table;
    const table = [0, 0, 0, 0] as [number, number, number, number];
    const asserted = asserts === 'success' ? 0 : 1;
    for (let i = 0; i < bitmap.length; i++) {
      const column = i < successWords ? asserted : 1 - asserted;
      table[column]! += popcount(among[i]! & bitmap[i]!);
      table[2 + column]! += popcount(among[i]! & ~bitmap[i]!);
    }
    return table;
  }
}

/** Whether one has all conditions of the other: compared with its parts, or outside its conjunctions, already. */
const nested = (a: Significant, b: Significant): boolean =>
  a.keys.every((key) => b.keys.includes(key)) || b.keys.every((key) => a.keys.includes(key));

function reasonOf(pattern: Significant, by: Significant): RejectionReason {
  if (pattern.asserts === by.asserts)
    return pattern.keys.every((key) => by.keys.includes(key))
      ? 'explained_by_conjunction'
      : 'explained_by_other';
  const fields = new Set(by.conditions.map(({ path }) => path));
  return overlap(pattern, by) === 0 && pattern.conditions.some(({ path }) => fields.has(path))
    ? 'mirror_image'
    : 'explained_by_other';
}

function overlap(a: Significant, b: Significant): number {
  let count = 0;
  for (let i = 0; i < a.bitmap.length; i++) count += popcount(a.bitmap[i]! & b.bitmap[i]!);
  return count;
}
