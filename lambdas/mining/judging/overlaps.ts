import { popcount } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import { type Counts, isTelling, tableOf } from '../statistics/counts.ts';
import type { Table } from '../statistics/statistics.ts';
import type { Asserts, Condition } from '../vocabulary.ts';

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
  readonly n: number;
  readonly successes: number;
}

const UNKNOWN = 0xffff_ffff;

/**
 * What patterns have in common. Every pair is counted once, in one pass over its rows, and all questions about two
 * patterns are answered from that count: with thousands of pairs, passes over the rows are what takes time.
 * Memory: 8 bytes a pair that was asked for.
 */
export class Overlaps {
  readonly #table: CaseTable;
  readonly #position = new Map<Significant, number>();
  /** n and successes of pairs by the later pattern, then twice the position of the earlier. */
  readonly #counted: (Uint32Array | undefined)[];

  constructor(table: CaseTable, patterns: readonly Significant[]) {
    this.#table = table;
    patterns.forEach((pattern, position) => this.#position.set(pattern, position));
    this.#counted = Array.from({ length: patterns.length });
  }

  /** Rows of both. */
  shared(a: Significant, b: Significant): Counts {
    if (a === b) return a;
    const i = this.#position.get(a)!;
    const j = this.#position.get(b)!;
    const later = Math.max(i, j);
    const slot = 2 * Math.min(i, j);
    const counted = (this.#counted[later] ??= new Uint32Array(2 * later).fill(UNKNOWN));
    if (counted[slot] === UNKNOWN) {
      const { n, successes } = neverMeet(a, b) ? NOTHING : this.#table.shared(a.bitmap, b.bitmap);
      counted[slot] = n;
      counted[slot + 1] = successes;
    }
    return { n: counted[slot]!, successes: counted[slot + 1]! };
  }

  /** Phi coefficient of two patterns' rows. */
  association(a: Significant, b: Significant): number {
    const total = this.#table.count;
    const both = this.shared(a, b).n;
    return (total * both - a.n * b.n) / Math.sqrt(a.n * (total - a.n) * b.n * (total - b.n));
  }

  /** Asserted and other, with and without the pattern, among all cases. */
  effect({ n, successes, asserts }: Significant): Table {
    const { count, successes: all } = this.#table;
    return tableOf(asserts, { n, successes }, { n: count - n, successes: all - successes });
  }

  /** The same among the rows of a bitmap. */
  effectAmong({ bitmap, asserts }: Significant, among: Uint32Array): Table {
    const inside = this.#table.shared(bitmap, among);
    const { n, successes } = this.#table.counts(among);
    return tableOf(asserts, inside, { n: n - inside.n, successes: successes - inside.successes });
  }

  /**
   * The pattern's 2×2 tables by which of the rules hold, rule 0 changing fastest; those with an empty margin say
   * nothing and are left out.
   */
  strata(pattern: Significant, rules: readonly Significant[]): Table[] {
    const [only, second] = rules;
    const tables = only && !second ? this.#besideOne(pattern, only) : this.#besideMany(pattern, rules);
    return tables.filter(isTelling);
  }

  #besideOne(pattern: Significant, rule: Significant): Table[] {
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

  #besideMany({ bitmap, asserts }: Significant, rules: readonly Significant[]): Table[] {
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

const NOTHING: Counts = { n: 0, successes: 0 };

/** Whether all conditions of the first are the second's. */
export const isPart = (part: Significant, whole: Significant): boolean =>
  part.keys.length <= whole.keys.length && part.keys.every((key) => whole.keys.includes(key));

/** Two values of one field: no row is in both. */
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
