import type { Reference } from '../vocabulary.ts';
import { wilsonInterval } from '../statistics/statistics.ts';

/** Outcomes of the decisions a pattern's conditions hold for, in order of time. */
export interface Outcomes {
  /** Milliseconds since the epoch. */
  readonly times: Float64Array;
  /** 1 where it turned out as asserted. */
  readonly asserted: Uint8Array;
  /** The asserted share among all decisions of the type from a time on. */
  baselineFrom(time: number): number;
}

export interface Drift {
  /** How much likelier, as a logarithm, the outcomes since some moment are under the baseline than as promised. */
  readonly statistic: number;
  /** Occurrences held against the promise. */
  readonly n: number;
  /** Lower bound of the rate over those. */
  readonly confidence: number;
  /** First occurrence of the run of outcomes behind the statistic, ms since the epoch; undefined while it is 0. */
  readonly changedAt: number | undefined;
  /** Occurrences from then on. */
  readonly changed: {
    readonly n: number;
    readonly interval: readonly [number, number];
    /** The asserted share among all from then on. */
    readonly baseline: number;
  };
}

/** A promise that lies no further above the baseline than this is not held against anything. */
const LEAST_PROMISE = 0.01;
const MARGIN = 0.005;
const inside = (share: number): number => Math.min(1 - MARGIN, Math.max(MARGIN, share));

/**
 * CUSUM on (outcome − confidence): `S ← max(0, S + (c − δ) − x)` with x = 1 for a decision that turned out as
 * asserted, in units of the log-likelihood ratio between the promised rate c and the baseline, which fixes the
 * allowance δ: S grows as soon as the rate lies nearer to the baseline than to the promise (about half-way).
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
