import { describe, expect, it } from '@jest/globals';
import { randomOf, type Sketch, SimulatedNights } from './simulated-nights.ts';

interface World {
  readonly seed: number;
  /** Chance of success where the sky is clear; elsewhere one half. */
  readonly clear: (night: number) => number;
  /** Share of decisions under a clear sky. */
  readonly share?: (night: number) => number;
}

const DECISIONS = 24;

/** A day of decisions: the sky matters as the world has it, another field does not. */
function day(random: () => number, night: number, { clear, share = () => 1 / 3 }: World): Sketch[] {
  return Array.from({ length: DECISIONS }, () => {
    const isClear = random() < share(night);
    return {
      fields: {
        sky: isClear ? 'clear' : random() < 0.5 ? 'cloud' : 'rain',
        wind: ['calm', 'breeze', 'storm'][Math.floor(random() * 3)]!,
      },
      success: random() < (isClear ? clear(night) : 0.5),
    };
  });
}

const CLEAR = 'sky=clear → success';

function simulate(world: World, nights: number, each: (nights: SimulatedNights) => void = () => undefined) {
  const random = randomOf(world.seed);
  const simulated = new SimulatedNights();
  for (let night = 0; night < nights; night++) {
    simulated.live(day(random, night, world), night % 5 === 0);
    each(simulated);
  }
  return simulated;
}

/** The statuses a pattern went through, each with the night it began and its reason. */
function historyOf(world: World, nights: number, name = CLEAR) {
  const history: string[] = [];
  let last = '';
  const simulated = simulate(world, nights, (now) => {
    const pattern = now.of(name);
    const status = pattern ? `${pattern.status} ${pattern.version}` : '';
    if (pattern && !last.startsWith(`${pattern.status} `))
      history.push(`${pattern.status}: ${pattern.reason}`);
    last = status;
  });
  return { history, simulated };
}

describe('an effect that stops', () => {
  it('is suspected, retired with that as the reason, and stays so while its past is still in the window', () => {
    const { history, simulated } = historyOf({ seed: 1, clear: (night) => (night < 40 ? 0.8 : 0.5) }, 80);
    expect(history).toEqual(['promoted: significant', 'suspect: drift_down', 'retired: effect_stopped']);
    const pattern = simulated.of(CLEAR)!;
    expect(pattern.drift!.statistic).toBeGreaterThan(6);
    expect(pattern.version).toBeGreaterThanOrEqual(3);
  });

  it('comes back when it acts again, on evidence from after its end', () => {
    const clear = (night: number) => (night < 30 || night >= 65 ? 0.85 : 0.5);
    const { history } = historyOf({ seed: 2, clear }, 110);
    expect(history.slice(0, 3)).toEqual([
      'promoted: significant',
      'suspect: drift_down',
      'retired: effect_stopped',
    ]);
    expect(history.at(-1)).toBe('promoted: significant');
  });

  it('is kept at a lower promise when something of it is left', () => {
    const { history, simulated } = historyOf({ seed: 7, clear: (night) => (night < 40 ? 0.97 : 0.75) }, 60);
    expect(history.slice(0, 2)).toEqual(['promoted: significant', 'suspect: drift_down']);
    expect(history.at(-1)).toBe('promoted: weaker');
    expect(simulated.of(CLEAR)!.reference!.confidence).toBeLessThan(0.75);
  });
});

describe('an effect that turns round', () => {
  it('is retired, and superseded by its opposite with links both ways', () => {
    const { simulated } = historyOf({ seed: 3, clear: (night) => (night < 40 ? 0.8 : 0.2) }, 120);
    const old = simulated.of(CLEAR)!;
    const opposite = simulated.of('sky=clear → failure')!;
    expect(opposite).toMatchObject({ status: 'promoted', supersedes: old.patternId });
    expect(old).toMatchObject({ status: 'retired', reason: 'reversed', supersededBy: opposite.patternId });
  });
});

describe('evidence that ages out', () => {
  const share = (night: number) => (night < 30 || night >= 190 ? 1 / 3 : 0);

  it('leaves a dormant pattern whose confidence decays in steps, and wakes it when it returns', () => {
    const confidences: number[] = [];
    const history: string[] = [];
    simulate({ seed: 4, clear: () => 0.85, share }, 210, (now) => {
      const pattern = now.of(CLEAR);
      if (!pattern) return;
      if (history.at(-1) !== `${pattern.status}: ${pattern.reason}` && pattern.reason !== 'still_holds')
        history.push(`${pattern.status}: ${pattern.reason}`);
      if (pattern.status === 'dormant') confidences.push(pattern.confidence);
    });
    expect(history).toEqual([
      'promoted: significant',
      'dormant: evidence_aged_out',
      'promoted: evidence_returned',
      'promoted: significant',
    ]);
    const steps = [...new Set(confidences)];
    expect(steps.length).toBeGreaterThan(2);
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
    expect(steps.at(-1)!).toBeLessThan(steps[0]! - 0.05);
  });
});
