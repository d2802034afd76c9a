import { DAY_MS } from '../../shared/platform/clock.ts';
import { type Accesses, type Ageable, ageOf } from './ageable.ts';
import { type AgeingSettings, ruleOf } from './settings.ts';

const BASE = 0.5;
const SUCCESS = 1.2;
const MAX_GAIN = 0.5;
const PER_ACCESS = 0.05;
const MAX_ACCESS = 0.3;
const FADING_MS = 30 * DAY_MS;
const FADED = 0.5;

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

/** Relevance with the terms it is the product of. */
export interface Relevance {
  /** 0..1 */
  readonly value: number;
  readonly importance: number;
  readonly success: number;
  readonly gain: number;
  readonly access: number;
  readonly recency: number;
}

/**
 * `0.5 × importance × success × gain × access × recency`, at most 1: the importance of its category; 1.2 if it
 * succeeded; 1 + the gain as a share (0.12 = 12 %), at most 1.5, a loss counting as none; 1 + 0.05 for each access, at
 * most 1.3; from 1 when it was just written or seen down to 0.5 over 30 days, in a straight line.
 */
export function relevanceOf(
  memory: Ageable,
  accesses: Accesses,
  settings: Pick<AgeingSettings, 'categories'>,
  now: Date,
): Relevance {
  const { importance } = ruleOf(settings, memory.category);
  const success = memory.outcome?.status === 'success' ? SUCCESS : 1;
  const gain = 1 + clamp(memory.outcome?.gain ?? 0, 0, MAX_GAIN);
  const access = 1 + Math.min(PER_ACCESS * accesses.count, MAX_ACCESS);
  const recency = 1 - (1 - FADED) * clamp(ageOf(memory, now) / FADING_MS, 0, 1);
  const value = Math.min(1, BASE * importance * success * gain * access * recency);
  return { value, importance, success, gain, access, recency };
}
