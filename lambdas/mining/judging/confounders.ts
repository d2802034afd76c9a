import { intersect } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import type { Feature } from '../cases/feature-table.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import {
  type Counts,
  expectedZ,
  interactionOneSided,
  isRelated,
  isTelling,
  less,
  phiOf,
  tableOf,
  type TwoByTwo,
} from '../statistics/two-by-two.ts';
import { stratifiedOneSided } from '../statistics/stratified.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings, RejectionReason } from '../types.ts';

/** With phi at or above this, no outcome can tell two conditions apart: they are two names of one thing. */
const SAME_CONDITION = 0.95;
/** Level at which an effect must remain where another condition is not met. */
const OUTSIDE_LEVEL = 0.01;
/** Normal quantile that an effect must be expected to reach outside, or else its absence says nothing: 84 % power. */
const POWERED_Z = 3.33;
/** Levels at which an effect is larger inside than outside. The stricter one is for effects that could not show outside. */
const INTERACTION_LEVEL = 0.05;
const UNPOWERED_INTERACTION_LEVEL = 0.001;

/** A conjunction that is about to be promoted. */
export interface Claimed {
  readonly asserts: Asserts;
  readonly features: readonly Feature[];
  /** Cases that meet all its conditions. */
  readonly bitmap: Uint32Array;
  readonly n: number;
  readonly successes: number;
}

export interface Confounded {
  readonly reason: RejectionReason;
  /** The conditions that take the effect away. */
  readonly by: readonly Feature[];
}

/**
 * Compares a conjunction with every single condition that was tested, significant or not. A true rule makes its parts,
 * and conditions correlated with it, look true as well. In small logs one of those may pass by chance where the rule
 * itself just fails. Comparing only the conjunctions that passed would then promote the wrong one.
 *
 * - Its effect must remain where a related condition is held constant: a mere correlate has no effect where the cause is.
 *   The same goes for the effect that each of its own conditions adds to the others.
 * - Its effect must not be limited to where another condition is met: some of it must be left elsewhere.
 */
export class Confounders {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #causes: (asserts: Asserts) => readonly Feature[];

  /** @param causes single conditions that may explain a pattern with this assertion */
  constructor(table: CaseTable, settings: MiningSettings, causes: (asserts: Asserts) => readonly Feature[]) {
    this.#table = table;
    this.#settings = settings;
    this.#causes = causes;
  }

  /** Finds what takes the effect of a conjunction away; undefined when it stands against every other condition. */
  find(claimed: Claimed): Confounded | undefined {
    for (const other of this.#causes(claimed.asserts)) {
      if (claimed.features.includes(other)) continue;
      const both = this.#table.shared(claimed.bitmap, other.bitmap);
      const phi = phiOf(claimed, other, both.n, this.#table.count);
      if (Math.abs(phi) >= SAME_CONDITION) continue;
      if (
        isRelated(phi, this.#table.count) &&
        !this.#holdsIn(this.#strata(claimed, other, both), this.#settings.strictLevel)
      )
        return { reason: 'explained_by_other', by: [other] };
      if (this.#isOnlyInside(claimed, other, both))
        return { reason: 'explained_by_conjunction', by: [...claimed.features, other] };
    }
    return claimed.features.length === 1 ? undefined : this.#findInPlaceOf(claimed);
  }

  /**
   * Takes one condition as added to the part with all others. Among the cases of that part, its effect must remain where
   * a related condition is held constant.
   */
  #findInPlaceOf({ asserts, features, bitmap }: Claimed): Confounded | undefined {
    for (const own of features) {
      const rest = features.filter((feature) => feature !== own);
      const rows = rest.map((feature) => feature.bitmap).reduce(intersect);
      const part = this.#table.counts(rows);
      const whole = this.#table.counts(bitmap);
      for (const other of this.#causes(asserts)) {
        if (features.includes(other)) continue;
        const phi = phiOf(own, other, this.#table.shared(own.bitmap, other.bitmap).n, this.#table.count);
        if (!isRelated(phi, this.#table.count) || Math.abs(phi) >= SAME_CONDITION) continue;
        const inside = this.#table.shared(rows, other.bitmap);
        const both = this.#table.shared(bitmap, other.bitmap);
        const strata = [
          tableOf(asserts, both, less(inside, both)),
          tableOf(asserts, less(whole, both), less(less(part, inside), less(whole, both))),
        ];
        // Another value of the same field leaves only one stratum, which has fewer cases.
        const sameField = own.condition.path === other.condition.path;
        if (!this.#holdsIn(strata, sameField ? OUTSIDE_LEVEL : this.#settings.strictLevel))
          return { reason: 'explained_by_other', by: [...rest, other] };
      }
    }
    return undefined;
  }

  /** True also where no stratum has both kinds of rows: then nothing speaks against the effect. */
  #holdsIn(strata: readonly TwoByTwo[], level: number): boolean {
    const telling = strata.filter(isTelling);
    return telling.length === 0 || stratifiedOneSided(telling) <= level;
  }

  #isOnlyInside(claimed: Claimed, other: Counts, both: Counts): boolean {
    const [inside, outside] = this.#strata(claimed, other, both);
    if (fisherOneSided(...outside) <= OUTSIDE_LEVEL) return false;
    const { totals } = this.#table;
    const overall = tableOf(claimed.asserts, claimed, less(totals, claimed));
    const level = expectedZ(overall, outside) >= POWERED_Z ? INTERACTION_LEVEL : UNPOWERED_INTERACTION_LEVEL;
    return interactionOneSided(inside, outside) <= level;
  }

  /** The conjunction's 2×2 tables where the other condition is met, and where it is not. */
  #strata(claimed: Claimed, other: Counts, both: Counts): readonly [TwoByTwo, TwoByTwo] {
    const alone = less(claimed, both);
    const neither = less(less(this.#table.totals, other), alone);
    return [tableOf(claimed.asserts, both, less(other, both)), tableOf(claimed.asserts, alone, neither)];
  }
}
