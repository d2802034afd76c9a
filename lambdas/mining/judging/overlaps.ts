import { popcount } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import { type Counts, isTelling, NO_CASES, phiOf, tableOf, type TwoByTwo } from '../statistics/two-by-two.ts';
import type { Asserts, Condition } from '../vocabulary.ts';

/** A pattern that passed every test of its own. */
export interface Significant {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  /** One key per condition. The keys of a part are a subset. */
  readonly keys: readonly string[];
  /** Bitmap of each condition, in the same order. */
  readonly bitmaps: readonly Uint32Array[];
  /** Cases that meet all conditions. */
  readonly bitmap: Uint32Array;
  readonly n: number;
  readonly successes: number;
}

const UNKNOWN = 0xffff_ffff;

/**
 * The cases that patterns have in common. Every pair is counted once, in one pass over the bitmaps, and that count
 * answers all questions about the pair. With thousands of pairs, the passes over the bitmaps take most of the time.
 * Each pair that was asked for takes 8 bytes.
 */
export class Overlaps {
  readonly #table: CaseTable;
  readonly #position = new Map<Significant, number>();
  /** n and successes of pairs: first by the later pattern, then at twice the position of the earlier one. */
  readonly #counted: (Uint32Array | undefined)[];

  constructor(table: CaseTable, patterns: readonly Significant[]) {
    this.#table = table;
    patterns.forEach((pattern, position) => this.#position.set(pattern, position));
    this.#counted = Array.from({ length: patterns.length });
  }

  /** Counts of the cases of both patterns. */
  shared(a: Significant, b: Significant): Counts {
    if (a === b) return a;
    const i = this.#position.get(a)!;
    const j = this.#position.get(b)!;
    const later = Math.max(i, j);
    const slot = 2 * Math.min(i, j);
    const counted = (this.#counted[later] ??= new Uint32Array(2 * later).fill(UNKNOWN));
    if (counted[slot] === UNKNOWN) {
      const { n, successes } = neverMeet(a, b) ? NO_CASES : this.#table.shared(a.bitmap, b.bitmap);
      counted[slot] = n;
      counted[slot + 1] = successes;
    }
    return { n: counted[slot]!, successes: counted[slot + 1]! };
  }

  /** Phi coefficient of two patterns' cases. */
  association(a: Significant, b: Significant): number {
    return phiOf(a, b, this.shared(a, b).n, this.#table.count);
  }

  /** The pattern's 2×2 table among all cases. */
  effect({ n, successes, asserts }: Significant): TwoByTwo {
    const { count, successes: all } = this.#table;
    return tableOf(asserts, { n, successes }, { n: count - n, successes: all - successes });
  }

  /** The pattern's 2×2 table among the cases of a bitmap. */
  effectAmong({ bitmap, asserts }: Significant, among: Uint32Array): TwoByTwo {
    const inside = this.#table.shared(bitmap, among);
    const { n, successes } = this.#table.counts(among);
    return tableOf(asserts, inside, { n: n - inside.n, successes: successes - inside.successes });
  }

  /**
   * The pattern's 2×2 tables for each combination of the rules, where rule 0 changes fastest. Tables with an empty
   * margin say nothing and are left out.
   */
  strata(pattern: Significant, rules: readonly Significant[]): TwoByTwo[] {
    const [only, second] = rules;
    const tables = only && !second ? this.#besideOne(pattern, only) : this.#besideMany(pattern, rules);
    return tables.filter(isTelling);
  }

  #besideOne(pattern: Significant, rule: Significant): TwoByTwo[] {
    const { count, successes: all } = this.#table;
    const both = this.shared(pattern, rule);
    const alone = { n: pattern.n - both.n, successes: pattern.successes - both.successes };
    const ruleAlone = { n: rule.n - both.n, successes: rule.successes - both.successes };
    const neither = {
      n: count - rule.n - alone.n,
      successes: all - rule.successes - alone.successes,
    };
    return [tableOf(pattern.asserts, alone, neither), tableOf(pattern.asserts, both, ruleAlone)];
  }

  #besideMany({ bitmap, asserts }: Significant, rules: readonly Significant[]): TwoByTwo[] {
    const { all, successWords, words } = this.#table;
    const cells = 2 ** rules.length;
    const bitmaps = rules.map((rule) => rule.bitmap);
    const part = new Uint32Array(cells);
    const inside = { n: new Float64Array(cells), successes: new Float64Array(cells) };
    const outside = { n: new Float64Array(cells), successes: new Float64Array(cells) };
    for (let i = 0; i < words; i++) {
      part[0] = all[i]!;
      for (let r = 0; r < bitmaps.length; r++) {
        const rule = bitmaps[r]![i]!;
        const half = 1 << r;
        for (let cell = 0; cell < half; cell++) {
          const held = part[cell]! & rule;
          part[cell + half] = held;
          part[cell]! ^= held;
        }
      }
      const holds = bitmap[i]!;
      for (let cell = 0; cell < cells; cell++) {
        const word = part[cell]!;
        if (word === 0) continue;
        const own = popcount(word & holds);
        const other = popcount(word & ~holds);
        inside.n[cell]! += own;
        outside.n[cell]! += other;
        if (i >= successWords) continue;
        inside.successes[cell]! += own;
        outside.successes[cell]! += other;
      }
    }
    return Array.from({ length: cells }, (_, cell) =>
      tableOf(
        asserts,
        { n: inside.n[cell]!, successes: inside.successes[cell]! },
        { n: outside.n[cell]!, successes: outside.successes[cell]! },
      ),
    );
  }
}

/** True when the second pattern has all conditions of the first. */
export const isPart = (part: Significant, whole: Significant): boolean =>
  part.keys.length <= whole.keys.length && part.keys.every((key) => whole.keys.includes(key));

/** True when two patterns require different values of one field: then they have no case in common. */
const neverMeet = (a: Significant, b: Significant): boolean =>
  a.conditions.some((one) => b.conditions.some((other) => areExclusive(one, other)));

function areExclusive(a: Condition, b: Condition): boolean {
  if (a.path !== b.path) return false;
  if (a.op === 'eq' && b.op === 'eq') return a.value !== b.value;
  if (a.op !== 'in_range' || b.op !== 'in_range') return false;
  return (
    (a.max !== null && b.min !== null && a.max <= b.min) ||
    (b.max !== null && a.min !== null && b.max <= a.min)
  );
}
