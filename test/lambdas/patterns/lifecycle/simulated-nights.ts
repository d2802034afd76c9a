import { learnFrom } from '../../../../lambdas/patterns/lifecycle/learning.ts';
import { createMiner } from '../../../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../../lambdas/mining/types.ts';
import type { Scalar } from '../../../../lambdas/mining/vocabulary.ts';
import { windowAt } from '../../../../lambdas/cases/window-cases.ts';
import type { Pattern } from '../../../../lambdas/patterns/pattern.ts';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { sha256 } from '../../../../lambdas/shared/platform/ids.ts';

export const START = Date.UTC(2026, 0, 1);
export const AGENT = 'agent';
export const TYPE = 'TYPE';

/** Repeatable pseudo-random numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Sketch {
  readonly fields: Readonly<Record<string, Scalar>>;
  readonly success: boolean;
}

export const asOfNight = (night: number): string => new Date(START + (night + 1) * DAY_MS).toISOString();

/** An agent's nights, one after another, without the tables around them. */
export class SimulatedNights {
  readonly #cases: ResolvedCase[] = [];
  patterns: readonly Pattern[] = [];
  night = 0;

  /** A day of decisions, evenly spread, and the night after it. Done twice: the second time must change nothing. */
  live(sketches: readonly Sketch[], twice = false): void {
    sketches.forEach(({ fields, success }, i) =>
      this.#cases.push({
        decisionId: `TYPE-${String(this.#cases.length).padStart(9, '0')}`,
        time: START + this.night * DAY_MS + Math.floor(((i + 0.5) * DAY_MS) / sketches.length),
        success,
        features: new Map(Object.entries(fields).map(([path, value]) => [path, { kind: 'value', value }])),
      }),
    );
    this.patterns = this.#learn(this.patterns).patterns;
    if (twice) {
      const again = this.#learn(this.patterns);
      if (again.changes.length > 0 || again.dropped.length > 0)
        throw new Error(`night ${this.night} is no fixpoint: ${JSON.stringify(again.changes[0])}`);
    }
    this.night++;
  }

  #learn(previous: readonly Pattern[]) {
    const asOf = asOfNight(this.night);
    const { after, until } = windowAt(asOf);
    const miner = createMiner({ agentId: AGENT, decisionType: TYPE, hash: sha256 });
    for (const resolved of this.#cases)
      if (resolved.time > Date.parse(after) && resolved.time <= Date.parse(until)) miner.add(resolved);
    return learnFrom(miner, {
      agentId: AGENT,
      decisionType: TYPE,
      runId: `RUN-${this.night}`,
      asOf,
      settings: defaultMiningSettings,
      previous,
    }).result;
  }

  /** Patterns that ever were more than candidates, as `status reason`, by what they say. */
  known(): Record<string, string> {
    return Object.fromEntries(
      this.patterns
        .filter(({ status }) => status !== 'candidate')
        .map((pattern) => [nameOf(pattern), `${pattern.status} ${pattern.reason}`]),
    );
  }

  of(name: string): Pattern | undefined {
    return this.patterns.find((pattern) => nameOf(pattern) === name && pattern.status !== 'candidate');
  }
}

const nameOf = ({ asserts, conditions }: Pattern): string =>
  `${conditions.map(({ path, ...rest }) => `${path}=${'value' in rest ? String(rest.value) : rest.op}`).join(' & ')} → ${asserts}`;
