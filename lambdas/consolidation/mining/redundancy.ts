import { countBits, unite } from './bitmap.ts';
import type { CaseTable } from './case-table.ts';
import { fisherOneSided } from './fisher.ts';
import { assertedOf } from './measure.ts';
import { likelihoodRatio, stratifiedOneSided, type Table } from './statistics.ts';
import type { Asserts, Condition, MiningSettings, RejectionReason } from './types.ts';

/** A pattern that passed every test of its own. */
export interface Significant {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  /** One key per condition; a part's keys are a subset. */
  readonly keys: readonly string[];
  readonly bitmap: Uint32Array;
}

export interface ExplainedAway {
  readonly reason: RejectionReason;
  readonly by: Significant;
}

/** Patterns held constant at once when one is tested beside the others: at most 2⁴ strata stay well filled. */
const MAX_HELD_CONSTANT = 4;

/**
 * Which significant patterns are only another one seen differently. One true rule makes many patterns significant:
 * its parts, the other values of its fields as the opposite, and whatever is correlated with it. Three passes, each at
 * `strictLevel`:
 *
 * 1. A part is dropped unless it has an effect outside all significant conjunctions that contain it.
 * 2. Strongest first, a pattern is dropped unless its effect remains where an accepted one is held constant. For a
 *    mirror image or a part this is the test outside the accepted rows; for a bystander it is inside and outside.
 * 3. Of what was accepted, weakest first, a pattern is dropped that the others explain together.
 */
export class Redundancy {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;

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
      const by = accepted.find((rule) => !this.#holdsBeside(pattern, [rule]));
      if (by) explained.set(pattern, { reason: reasonOf(this.#table, pattern, by), by });
      else accepted.push(pattern);
    }
    for (const pattern of accepted.toReversed()) {
      const others = this.#mostRelated(
        pattern,
        accepted.filter((other) => other !== pattern),
      );
      if (others.length === 0 || this.#holdsBeside(pattern, others)) continue;
      accepted = accepted.filter((other) => other !== pattern);
      explained.set(pattern, { reason: reasonOf(this.#table, pattern, others[0]!), by: others[0]! });
    }
    return explained;
  }

  #byStrength(patterns: readonly Significant[]): Significant[] {
    return patterns
      .map((pattern) => ({
        pattern,
        strength: likelihoodRatio(this.#effect(pattern)),
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
    const covered = this.#table.empty();
    for (const { bitmap } of containing) unite(covered, bitmap);
    const outside = this.#table.counts(part.bitmap.map((word, i) => word & ~covered[i]!));
    const [, , c, d] = this.#effect(part);
    const a = assertedOf(part.asserts, outside);
    return fisherOneSided(a, outside.n - a, c, d) > this.#settings.strictLevel ? containing[0] : undefined;
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
    const { words, successWords } = this.#table;
    const cells = 2 ** rules.length;
    const strata: Table[] = [];
    const inside = this.#table.empty();
    const outside = this.#table.empty();
    for (let cell = 0; cell < cells; cell++) {
      for (let i = 0; i < words; i++) {
        let word = this.#table.all[i]!;
        for (let r = 0; r < rules.length; r++) {
          const holds = rules[r]!.bitmap[i]!;
          word &= cell & (1 << r) ? holds : ~holds;
        }
        inside[i] = word & pattern.bitmap[i]!;
        outside[i] = word & ~pattern.bitmap[i]!;
      }
      const a = countBits(inside, 0, successWords);
      const b = countBits(inside, successWords);
      const c = countBits(outside, 0, successWords);
      const d = countBits(outside, successWords);
      if (a + b === 0 || c + d === 0 || a + c === 0 || b + d === 0) continue;
      strata.push(pattern.asserts === 'success' ? [a, b, c, d] : [b, a, d, c]);
    }
    return strata;
  }

  /** Accepted patterns whose rows are most associated with the pattern's, either way. */
  #mostRelated(pattern: Significant, others: readonly Significant[]): Significant[] {
    const total = this.#table.count;
    const { n } = this.#table.counts(pattern.bitmap);
    return others
      .map((other) => {
        const size = this.#table.counts(other.bitmap).n;
        const both = this.#table.counts(other.bitmap.map((word, i) => word & pattern.bitmap[i]!)).n;
        const phi = (total * both - n * size) / Math.sqrt(n * (total - n) * size * (total - size));
        return { other, phi: Math.abs(phi) };
      })
      .sort((a, b) => b.phi - a.phi)
      .slice(0, MAX_HELD_CONSTANT)
      .map(({ other }) => other);
  }

  /** Asserted and other, with and without the pattern. */
  #effect(pattern: Significant): Table {
    const own = this.#table.counts(pattern.bitmap);
    const a = assertedOf(pattern.asserts, own);
    const all = assertedOf(pattern.asserts, { n: this.#table.count, successes: this.#table.successes });
    return [a, own.n - a, all - a, this.#table.count - own.n - (all - a)];
  }
}

function reasonOf(table: CaseTable, pattern: Significant, by: Significant): RejectionReason {
  if (pattern.asserts === by.asserts)
    return pattern.keys.every((key) => by.keys.includes(key))
      ? 'explained_by_conjunction'
      : 'explained_by_other';
  const fields = new Set(by.conditions.map(({ path }) => path));
  const disjoint = table.counts(pattern.bitmap.map((word, i) => word & by.bitmap[i]!)).n === 0;
  return disjoint && pattern.conditions.some(({ path }) => fields.has(path))
    ? 'mirror_image'
    : 'explained_by_other';
}
