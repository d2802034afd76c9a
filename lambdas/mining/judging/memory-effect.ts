import { DAY_MS } from '../cases/case-table.ts';
import { SMALLEST_P_VALUE } from '../settings.ts';
import type { Effect, EffectContrast, EffectGroup, MemoryEffect, Condition } from '../vocabulary.ts';
import { evidenceOfWorse, shareDifference } from '../statistics/two-shares.ts';
import type { TwoByTwo } from '../statistics/two-by-two.ts';
import { wilsonInterval } from '../statistics/wilson.ts';
import type { Miner } from '../mine.ts';

/**
 * Did memory help? Decisions made with a pattern are compared with decisions made without it in the same situation.
 * Those are all resolved decisions of the type that meet the pattern's conditions on the situation.
 *
 * The agent's own choice (`action`, `selected`) is no part of the situation. A warning is applied by choosing something
 * else, so those conditions would leave out every decision that followed it. The success of a decision counts, whichever
 * status the pattern asserts. A decision that names a pattern outside its situation is not counted.
 *
 * Rates drift, and a pattern is used only once it is known. So the comparison begins with the UTC day of its first use,
 * and each week is compared within itself.
 */

export interface MemoryEffectSettings {
  /** Chance that a harmless pattern is ever demoted, over any number of nights. @default 0.01 */
  readonly level: number;
  /** Comparable decisions needed with the pattern, and as many without. @default 20 */
  readonly minEach: number;
}

export const defaultMemoryEffectSettings: MemoryEffectSettings = { level: 0.01, minEach: 20 };

/** Reason of a demotion: the decisions that applied the pattern turned out worse. */
export const MADE_THINGS_WORSE = 'made_things_worse';

/** A pattern whose uses are counted. */
export interface Usable {
  readonly patternId: string;
  readonly conditions: readonly Condition[];
}

/** Ids of the patterns that a decision was made with. */
export interface Cited {
  readonly applied: readonly string[];
  readonly shown: readonly string[];
}

const CHOICES: ReadonlySet<string> = new Set(['action', 'selected']);

const dayOf = (time: number): number => Math.floor(time / DAY_MS);
/** Weeks begin on Monday, and day 0 was a Thursday. */
const weekOf = (day: number): number => Math.floor((day + 3) / 7);

const group = (successes: number, n: number): EffectGroup => ({
  n,
  successes,
  rate: n === 0 ? null : successes / n,
  interval: n === 0 ? null : wilsonInterval(successes, n),
});

const alwaysValid = (strata: readonly TwoByTwo[]): number =>
  Math.max(SMALLEST_P_VALUE, Math.min(1, 1 / evidenceOfWorse(strata)));

const swapped = ([a, b, c, d]: TwoByTwo): TwoByTwo => [b, a, d, c];

/** Compares over strata, each a table `[with successes, with failures, without successes, without failures]`. */
export function contrastOf(strata: readonly TwoByTwo[]): EffectContrast {
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  const compared = { with: 0, without: 0 };
  for (const [a, b, c, d] of strata) {
    sums[0] += a;
    sums[1] += b;
    sums[2] += c;
    sums[3] += d;
    if (a + b === 0 || c + d === 0) continue;
    compared.with += a + b;
    compared.without += c + d;
  }
  const found = shareDifference(strata);
  return {
    with: group(sums[0], sums[0] + sums[1]),
    without: group(sums[2], sums[2] + sums[3]),
    compared,
    difference: found?.difference ?? null,
    interval: found?.interval ?? null,
    pWorse: alwaysValid(strata),
    pBetter: alwaysValid(strata.map(swapped)),
  };
}

type Counts = [withSuccess: number, withFailure: number, withoutSuccess: number, withoutFailure: number];

/** Counts by stratum and UTC day, for one way of using memory. */
class Uses {
  readonly #strata = new Map<string, Map<number, Counts>>();
  #firstUse = Infinity;

  add(stratum: string, day: number, used: boolean, success: boolean): void {
    let days = this.#strata.get(stratum);
    if (!days) this.#strata.set(stratum, (days = new Map()));
    let counts = days.get(day);
    if (!counts) days.set(day, (counts = [0, 0, 0, 0]));
    counts[(used ? 0 : 2) + (success ? 0 : 1)]!++;
    if (used && day < this.#firstUse) this.#firstUse = day;
  }

  /** Null when it was never used. */
  effect(): Effect | null {
    if (this.#firstUse === Infinity) return null;
    const tables: TwoByTwo[] = [];
    // In the order of their names: floating sums must not depend on the order of adding.
    for (const [, days] of [...this.#strata].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const weeks = new Map<number, Counts>();
      for (const [day, counts] of [...days].sort(([a], [b]) => a - b)) {
        if (day < this.#firstUse) continue;
        const sums = weeks.get(weekOf(day)) ?? [0, 0, 0, 0];
        weeks.set(weekOf(day), sums);
        counts.forEach((count, i) => (sums[i]! += count));
      }
      tables.push(...weeks.values());
    }
    return { since: new Date(this.#firstUse * DAY_MS).toISOString(), ...contrastOf(tables) };
  }
}

/**
 * The patterns that each decision was made with. Only decisions that name any are kept. Each takes two short lists, and
 * repeated ids are one string.
 */
export class MemoryUses {
  readonly #cited = new Map<string, Cited>();
  readonly #patternIds = new Map<string, string>();

  add(decisionId: string, applied: readonly string[] = [], shown: readonly string[] = []): void {
    if (applied.length + shown.length === 0) return;
    this.#cited.set(decisionId, { applied: applied.map(this.#intern), shown: shown.map(this.#intern) });
  }

  citedBy(decisionId: string): Cited | undefined {
    return this.#cited.get(decisionId);
  }

  /** True when any decision names the pattern. */
  names(patternId: string): boolean {
    return this.#patternIds.has(patternId);
  }

  readonly #intern = (patternId: string): string => {
    const known = this.#patternIds.get(patternId);
    if (known === undefined) this.#patternIds.set(patternId, patternId);
    return known ?? patternId;
  };
}

const situationOf = ({ conditions }: Usable): readonly Condition[] =>
  conditions.filter(({ path }) => !CHOICES.has(path));

/** The effect of using each pattern, by its id. Patterns that no decision names are left out, and cost nothing. */
export function effectsByPattern(
  cases: Pick<Miner, 'forEachMatch'>,
  uses: MemoryUses,
  patterns: readonly Usable[],
): Map<string, MemoryEffect> {
  const effects = new Map<string, MemoryEffect>();
  for (const pattern of patterns) {
    const { patternId } = pattern;
    if (!uses.names(patternId)) continue;
    const applied = new Uses();
    const shown = new Uses();
    cases.forEachMatch(situationOf(pattern), (decisionId, time, success) => {
      const cited = uses.citedBy(decisionId);
      applied.add('', dayOf(time), cited?.applied.includes(patternId) ?? false, success);
      shown.add('', dayOf(time), cited?.shown.includes(patternId) ?? false, success);
    });
    const effect = { applied: applied.effect(), shown: shown.effect() };
    if (effect.applied || effect.shown) effects.set(patternId, effect);
  }
  return effects;
}

/** Decisions of one type, the patterns they used, and the patterns they could have used. */
export interface UsedCases {
  readonly cases: Pick<Miner, 'forEachMatch'>;
  readonly uses: MemoryUses;
  readonly patterns: readonly Usable[];
}

/**
 * The effect of memory as a whole. It compares decisions that used any pattern of their situation with decisions in the
 * same combination of situations that used none. It takes memory for each decision.
 */
export function overallEffect(types: readonly UsedCases[]): MemoryEffect {
  interface Row {
    readonly situations: string[];
    readonly day: number;
    readonly success: boolean;
  }
  const applied = new Uses();
  const shown = new Uses();
  for (const { cases, uses, patterns } of types) {
    const rows = new Map<string, Row>();
    for (const pattern of patterns)
      cases.forEachMatch(situationOf(pattern), (decisionId, time, success) => {
        let row = rows.get(decisionId);
        if (!row) rows.set(decisionId, (row = { situations: [], day: dayOf(time), success }));
        row.situations.push(pattern.patternId);
      });
    for (const [decisionId, { situations, day, success }] of rows) {
      const cited = uses.citedBy(decisionId);
      const here = (patternIds: readonly string[] = []) => situations.some((id) => patternIds.includes(id));
      const combination = situations.join(',');
      applied.add(combination, day, here(cited?.applied), success);
      shown.add(combination, day, here(cited?.shown), success);
    }
  }
  return { applied: applied.effect(), shown: shown.effect() };
}

export type EffectVerdict = 'worse' | 'better' | 'unclear';

/** Did applying the pattern make decisions worse or better, beyond what chance shows over many nights? */
export function effectVerdict(
  { applied }: MemoryEffect,
  settings = defaultMemoryEffectSettings,
): EffectVerdict {
  if (!applied || Math.min(applied.compared.with, applied.compared.without) < settings.minEach)
    return 'unclear';
  if (applied.pWorse <= settings.level) return 'worse';
  return applied.pBetter <= settings.level ? 'better' : 'unclear';
}

/** Ids of the patterns that a run has to demote, each with the reason. */
export const demotionsOf = (
  effects: ReadonlyMap<string, MemoryEffect>,
  settings: MemoryEffectSettings = defaultMemoryEffectSettings,
): ReadonlyMap<string, string> =>
  new Map(
    [...effects]
      .filter(([, effect]) => effectVerdict(effect, settings) === 'worse')
      .map(([patternId]) => [patternId, MADE_THINGS_WORSE]),
  );
