import { intersect } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import type { Feature } from '../cases/feature-table.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { type Counts, isTelling, less, tableOf } from '../statistics/counts.ts';
import { expectedZ, interactionOneSided, stratifiedOneSided, type Table } from '../statistics/statistics.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings, RejectionReason } from '../types.ts';

/** χ² of one degree of freedom at 0.01: below it two sets of rows are as good as independent. */
const RELATED_CHI_SQUARE = 6.635;
/** Rows that agree this well (phi) cannot be told apart by any outcome: two names of one thing. */
const SAME_ROWS = 0.95;
/** Level at which an effect must remain where another condition does not hold. */
const OUTSIDE_LEVEL = 0.01;
/** Normal quantile an effect must be expected to reach outside for its absence to say something: 84 % power. */
const POWERED_Z = 3.33;
/** Levels at which an effect is larger inside than outside; the stricter where it could not be seen outside. */
const INTERACTION_LEVEL = 0.05;
const UNPOWERED_INTERACTION_LEVEL = 0.001;

/** A conjunction that is about to be promoted. */
export interface Claimed {
  readonly asserts: Asserts;
  readonly features: readonly Feature[];
  /** Rows of all its conditions. */
  readonly bitmap: Uint32Array;
  readonly n: number;
  readonly successes: number;
}

export interface Confounded {
  readonly reason: RejectionReason;
  /** What takes the effect away. */
  readonly by: readonly Feature[];
}

/**
 * Holds a conjunction against every single condition that was tested, significant or not. A rule that is true makes its
 * parts and whatever is correlated with it look true as well, and in small logs chance may let one of those pass where
 * the rule itself just fails; comparing only what passed with each other would then promote the wrong one.
 *
 * - Its effect must remain where a related condition is held constant: a bystander has none where the cause is. The
 *   same goes for what each of its own conditions adds to the others.
 * - Its effect must not be that of a part: where the other condition does not hold there is some left.
 */
export class Confounders {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #causes: (asserts: Asserts) => readonly Feature[];

  /** @param causes single conditions that may explain what asserts this */
  constructor(table: CaseTable, settings: MiningSettings, causes: (asserts: Asserts) => readonly Feature[]) {
    this.#table = table;
    this.#settings = settings;
    this.#causes = causes;
  }

  /** What takes the effect of a conjunction away; undefined when it stands against every other condition. */
  find(claimed: Claimed): Confounded | undefined {
    for (const other of this.#causes(claimed.asserts)) {
      if (claimed.features.includes(other)) continue;
      const both = this.#table.shared(claimed.bitmap, other.bitmap);
      const phi = this.#phi(claimed, other, both.n);
      if (Math.abs(phi) >= SAME_ROWS) continue;
      if (
        this.#isRelated(phi) &&
        !this.#holdsIn(this.#strata(claimed, other, both), this.#settings.strictLevel)
      )
        return { reason: 'explained_by_other', by: [other] };
      if (this.#isOnlyInside(claimed, other, both))
        return { reason: 'explained_by_conjunction', by: [...claimed.features, other] };
    }
    return claimed.features.length === 1 ? undefined : this.#findInPlaceOf(claimed);
  }

  /** Among the rows of a part, what the last condition adds must remain where a related one is held constant. */
  #findInPlaceOf({ asserts, features, bitmap }: Claimed): Confounded | undefined {
    for (const own of features) {
      const rest = features.filter((feature) => feature !== own);
      const rows = rest.map((feature) => feature.bitmap).reduce(intersect);
      const part = this.#table.counts(rows);
      const whole = this.#table.counts(bitmap);
      for (const other of this.#causes(asserts)) {
        if (features.includes(other)) continue;
        const phi = this.#phi(own, other, this.#table.shared(own.bitmap, other.bitmap).n);
        if (!this.#isRelated(phi) || Math.abs(phi) >= SAME_ROWS) continue;
        const inside = this.#table.shared(rows, other.bitmap);
        const both = this.#table.shared(bitmap, other.bitmap);
        const strata = [
          tableOf(asserts, both, less(inside, both)),
          tableOf(asserts, less(whole, both), less(less(part, inside), less(whole, both))),
        ];
        // Of another value of the same field there is only one stratum, and that has fewer rows.
        const sameField = own.condition.path === other.condition.path;
        if (!this.#holdsIn(strata, sameField ? OUTSIDE_LEVEL : this.#settings.strictLevel))
          return { reason: 'explained_by_other', by: [...rest, other] };
      }
    }
    return undefined;
  }

  /** Where no stratum has both kinds of rows nothing speaks against it. */
  #holdsIn(strata: readonly Table[], level: number): boolean {
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

  /** The conjunction's 2×2 tables where the other condition holds, and where it does not. */
  #strata(claimed: Claimed, other: Counts, both: Counts): readonly [Table, Table] {
    const alone = less(claimed, both);
    const neither = less(less(this.#table.totals, other), alone);
    return [tableOf(claimed.asserts, both, less(other, both)), tableOf(claimed.asserts, alone, neither)];
  }

  #isRelated(phi: number): boolean {
    return phi ** 2 * this.#table.count >= RELATED_CHI_SQUARE;
  }

  #phi(a: Counts, b: Counts, both: number): number {
    const total = this.#table.count;
    return (total * both - a.n * b.n) / Math.sqrt(a.n * (total - a.n) * b.n * (total - b.n));
  }
}
