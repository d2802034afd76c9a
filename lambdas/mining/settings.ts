import type { MiningSettings } from './types.ts';
import { UNNAMED_SEQUENCE_WINDOW_MS, UNNAMED_SIGNAL_WINDOW_MS } from './cases/windowed-path.ts';

/** The design's thresholds. Each has a reason in the class that uses it; a deployment may replace any of them. */
export const defaultMiningSettings: MiningSettings = {
  maxConditions: 3,
  minOccurrences: 5,
  minDays: 2,
  wilsonZ: 1.96,
  maxQValue: 0.05,
  strictLevel: 0.001,
  maxValuesPerPath: 32,
  maxDistinctNumbers: 8,
  maxStringLength: 128,
  signalWindowMs: UNNAMED_SIGNAL_WINDOW_MS,
  signalWindowsMs: {},
  sequenceWindowMs: UNNAMED_SEQUENCE_WINDOW_MS,
  maxCandidates: 50,
  maxPromoted: 200,
};

/**
 * Work is bounded whatever a context looks like: the commonest features are kept, the paths of the others are named
 * in `truncatedPaths`. 1,000 features make half a million pairs, 256 make 2.7 million triples: seconds, not hours.
 * `limits` of the result says what was left out.
 */
export const MAX_FEATURES = 1000;
export const MAX_FEATURES_IN_TRIPLES = 256;

/**
 * Significant conjunctions of one assertion that are compared with each other, the strongest. What a conjunction
 * explains is weaker than it, so nothing is promoted for the lack of those left out; they are not promoted.
 */
export const MAX_COMPARED = 1000;

/** Tests of which everything is kept; beyond them those with p = 1 on both sides are only counted. */
export const MAX_TESTS_KEPT = 200_000;

/**
 * Paths that are looked at. A context whose keys are ids has a path a decision, none of which can be a pattern; each
 * takes about half a kilobyte of a worker that has two gigabytes.
 */
export const MAX_PATHS = 500_000;

/**
 * Values of one path that are told apart: a path of ids has as many as there are decisions, and each costs its own
 * length in memory. Those first met after so many others are not tested; such a path is in `truncatedPaths` anyway.
 */
export const MAX_VALUES_HELD = 131_072;

/** Longer paths are ignored (nor can they be asked about): a pattern says its paths many times over, and is one item of at most 400 KB. */
export const MAX_PATH_LENGTH = 1024;
