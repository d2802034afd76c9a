import { DAY_MS } from '../../shared/platform/clock.ts';
import type { Memory } from '../memory.ts';
import { ageOf } from './age.ts';

const BASE = 0.5;
const SUCCESS = 1.2;
const MAX_GAIN = 0.5;
const PER_ACCESS = 0.05;
const MAX_ACCESS = 0.3;
const FADING_MS = 30 * DAY_MS;
const FADED = 0.5;

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

/**
 * `0.5 × importance × success × gain × access × recency`, at most 1: its importance, which is its category's unless its
 * author said another; 1.2 if it succeeded; 1 + the relative gain, at most 1.5, a loss counting as none; 1 + 0.05 for
 * each time it was read, at most 1.3; from 1 when it was just written or seen down to 0.5 after 30 days, in a straight
 * line.
 */
export function relevanceOf(memory: Memory, now: Date): number {
  const success = memory.outcome?.status === 'success' ? SUCCESS : 1;
  const gain = 1 + clamp(memory.outcome?.gain ?? 0, 0, MAX_GAIN);
  const access = 1 + Math.min(PER_ACCESS * memory.accessCount, MAX_ACCESS);
  const recency = 1 - (1 - FADED) * clamp(ageOf(memory, now) / FADING_MS, 0, 1);
  return Math.min(1, BASE * memory.importance * success * gain * access * recency);
}
