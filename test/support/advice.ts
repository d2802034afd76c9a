import {
  demotionsOf,
  effectsByPattern,
  MADE_THINGS_WORSE,
  MemoryUses,
} from '../../lambdas/mining/judging/memory-effect.ts';
import type { Miner } from '../../lambdas/mining/mine.ts';
import { DAY_MS } from '../../lambdas/shared/platform/clock.ts';
import { randomSource } from '../../scripts/shared/random.ts';

/** An agent with one pattern in view, made up. */
export interface Advice {
  readonly seed: number;
  /** Added to the success rate by following it. */
  readonly effect: number;
  /** How often it is followed; `bad weeks` is 0.8 at the rate's lowest and 0.2 at its highest. */
  readonly followed: number | 'bad weeks';
}

export const NIGHTS = 60;
const DECISIONS_A_NIGHT = 20;
const START = Date.parse('2026-01-05T00:00:00.000Z');

type Visit = Parameters<Miner['forEachMatch']>[1];

/**
 * Lives through 60 nights of 20 decisions in the pattern's situation, at a rate that drifts between 0.3 and 0.7, with
 * the question asked every night.
 * @returns the night the pattern was first to be demoted
 */
export function nightOfDemotion({ seed, effect, followed }: Advice): number | undefined {
  const random = randomSource(seed);
  const uses = new MemoryUses();
  const rows: (readonly [decisionId: string, time: number, success: boolean])[] = [];
  // Every decision is in the situation: no miner is needed to find them.
  const cases = { forEachMatch: (_: unknown, visit: Visit) => rows.forEach((row) => visit(...row)) };
  for (let night = 0; night < NIGHTS; night++) {
    const season = Math.sin((night / NIGHTS) * Math.PI * 2);
    const share = followed === 'bad weeks' ? 0.5 - 0.3 * season : followed;
    for (let i = 0; i < DECISIONS_A_NIGHT; i++) {
      const used = random() < share;
      const decisionId = `decision-${rows.length}`;
      rows.push([decisionId, START + night * DAY_MS, random() < 0.5 + 0.2 * season + (used ? effect : 0)]);
      if (used) uses.add(decisionId, ['P']);
    }
    const effects = effectsByPattern(cases, uses, [{ patternId: 'P', conditions: [] }]);
    if (demotionsOf(effects).get('P') === MADE_THINGS_WORSE) return night + 1;
  }
  return undefined;
}

/** Nights of demotion in so many runs, ascending; runs without one are left out. */
export const demotionsIn = (runs: number, advice: Omit<Advice, 'seed'>): number[] =>
  Array.from({ length: runs }, (_, run) => nightOfDemotion({ ...advice, seed: run + 1 }))
    .filter((night) => night !== undefined)
    .sort((a, b) => a - b);
