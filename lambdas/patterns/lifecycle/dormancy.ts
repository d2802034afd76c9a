import type { Pattern } from '../pattern.ts';
import { DAY_MS } from '../../shared/platform/clock.ts';

/**
 * Fall of a dormant pattern's confidence that makes a new version. A write is a transaction of about 8 write units (row,
 * index entry, version). From 0.7 to nothing there are fourteen.
 */
export const DECAY_STEP = 0.05;

/** True for a dormant pattern whose confidence still has a step to fall. */
export const isDecaying = ({ status, confidence }: Pick<Pattern, 'status' | 'confidence'>): boolean =>
  status === 'dormant' && confidence >= DECAY_STEP;

const decayed = (resting: number, lastSeen: string | null, asOf: string, halfLifeDays: number): number => {
  const days = lastSeen === null ? 0 : Math.max(0, Date.parse(asOf) - Date.parse(lastSeen)) / DAY_MS;
  return resting * 2 ** (-days / halfLifeDays);
};

/** Makes a pattern dormant. It keeps its last numbers, but its confidence halves with the age of its newest evidence. */
export function makeDormant(
  before: Pattern,
  reason: string,
  { asOf, runId }: { readonly asOf: string; readonly runId: string },
  halfLifeDays: number,
): Pattern {
  const resting = before.reference?.confidence ?? before.confidence;
  return {
    ...before,
    status: 'dormant',
    reason,
    restingConfidence: resting,
    // The confidence of a pattern that thinned out slowly may be lower already.
    confidence: Math.min(before.confidence, decayed(resting, before.lastSeen, asOf, halfLifeDays)),
    version: before.version + 1,
    changedAsOf: asOf,
    statusSince: asOf,
    statusRunId: runId,
  };
}

/** Lets a dormant pattern's confidence decay: a new version when it has fallen by a step, else the same pattern. */
export function decayDormant(before: Pattern, asOf: string, halfLifeDays: number): Pattern {
  const resting = before.restingConfidence ?? before.confidence;
  const confidence = decayed(resting, before.lastSeen, asOf, halfLifeDays);
  if (before.confidence - confidence < DECAY_STEP) return before;
  return {
    ...before,
    restingConfidence: resting,
    confidence,
    changedAsOf: asOf,
    version: before.version + 1,
  };
}
