import type { MiningSettings } from './types.ts';
import { UNNAMED_SEQUENCE_WINDOW_MS, UNNAMED_SIGNAL_WINDOW_MS } from './cases/windowed-path.ts';

/** The thresholds of the design. The class that uses one gives its reason; a deployment may replace any of them. */
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
 * These two limits bound the work for any context. The commonest features are kept. The paths of the others are named
 * in `truncatedPaths`. A thousand features make half a million pairs, and 256 make 2.7 million triples: seconds, not
 * hours.
 * `limits` in the result counts what was left out.
 */
export const MAX_FEATURES = 1000;
export const MAX_FEATURES_IN_TRIPLES = 256;

/**
 * Significant conjunctions of one assertion that are compared with each other: the strongest ones. A conjunction only
 * explains weaker ones. So leaving out the weakest promotes nothing by mistake; they are not promoted themselves.
 */
export const MAX_COMPARED = 1000;

/** Tests that are kept with all their numbers. Beyond that, tests with p = 1 on both sides are only counted. */
export const MAX_TESTS_KEPT = 200_000;

/**
 * Paths that are read, at most. A context whose keys are ids has a path of its own in every decision, and none can be a
 * pattern. Each path takes about half a kilobyte of a worker that has two gigabytes.
 */
export const MAX_PATHS = 500_000;

/**
 * Values of one path that are told apart, at most. A path of ids has as many values as there are decisions, and each
 * takes its own length in memory. Values that first occur after that many others are not tested. Such a path is in
 * `truncatedPaths` anyway.
 */
export const MAX_VALUES_HELD = 131_072;

/**
 * Longer paths are ignored, and conditions on them are refused. A pattern repeats its paths many times, and it is one
 * item of at most 400 KB.
 */
export const MAX_PATH_LENGTH = 1024;

/** The smallest p-value that is told. DynamoDB stores no number between 0 and 1e-130, and less says nothing more. */
export const SMALLEST_P_VALUE = 1e-100;
