import type { Reference } from '../vocabulary.ts';
import { wilsonInterval } from '../statistics/wilson.ts';

/** Outcomes of the decisions that meet a pattern's conditions, in order of time. */
export interface Outcomes {
  /** Milliseconds since the epoch. */
  readonly times: Float64Array;
  /** 1 where the decision turned out as asserted. */
  readonly asserted: Uint8Array;
  /** The asserted share among all decisions of the type from a time on. */
  baselineFrom(time: number): number;
}

export interface Drift {
  /** Log-likelihood ratio of the outcomes since some moment: under the baseline, against as promised. */
  readonly statistic: number;
  /** Occurrences compared with the promise. */
  readonly n: number;
  /** Lower bound of the rate over those occurrences. */
  readonly confidence: number;
  /** First occurrence behind the statistic, in ms since the epoch; undefined while the statistic is 0. */
  readonly changedAt: number | undefined;
  /** Occurrences from `changedAt` on. */
  readonly changed: {
    readonly n: number;
    readonly interval: readonly [number, number];
    /** Asserted share among all decisions of the type from `changedAt` on. */
    readonly baseline: number;
  };
}

/** A promise that lies no further above the baseline than this is too weak to be tested for drift. */
const LEAST_PROMISE = 0.01;
const MARGIN = 0.005;
const inside = (share: number): number => Math.min(1 - MARGIN, Math.max(MARGIN, share));

/**
 * CUSUM on (outcome − confidence): `S ← max(0, S + (c − δ) − x)`, with x = 1 for a decision that turned out as asserted.
 * Its unit is the log-likelihood ratio between the promised rate c and the baseline, which also fixes the allowance δ.
 * So S grows as soon as the rate lies nearer to the baseline than to the promise, about half-way.
 *
 * @see Page (1954), Biometrika 41:100–115; Reynolds & Stoumbos (1999), J. Quality Technology 31:87–108 (Bernoulli)
 */
export function driftOf({ times, asserted, baselineFrom }: Outcomes, reference: Reference, z: number): Drift {
  const since = Date.parse(reference.since);
  const promised = inside(reference.confidence);
  const base = inside(reference.baseline);
  const comparable = promised - base >= LEAST_PROMISE;
  const onHit = comparable ? Math.log(base / promised) : 0;
  const onMiss = comparable ? Math.log((1 - base) / (1 - promised)) : 0;
  let first = 0;
  while (first < times.length && times[first]! <= since) first++;
  let statistic = 0;
  let start = times.length;
  let hits = 0;
  for (let i = first; i < times.length; i++) {
    const hit = asserted[i] === 1;
    hits += Number(hit);
    const next = statistic + (hit ? onHit : onMiss);
    if (next <= 0) {
      statistic = 0;
      start = times.length;
      continue;
    }
    if (statistic === 0) start = i;
    statistic = next;
  }
  const n = times.length - first;
  const changedHits = asserted.subarray(start).reduce((sum, hit) => sum + hit, 0);
  const changed = times.length - start;
  return {
    statistic,
    n,
    confidence: wilsonInterval(hits, n, z)[0],
    changedAt: times[start],
    changed: {
      n: changed,
      interval: wilsonInterval(changedHits, changed, z),
      baseline: changed === 0 ? reference.baseline : baselineFrom(times[start]!),
    },
  };
}
