import * as z from 'zod';
import { json } from '../shared/platform/env.ts';
import { TYPE_PATTERN } from '../shared/schema/fields.ts';
import { defaultMiningSettings } from '../mining/settings.ts';
import type { MiningSettings } from '../mining/types.ts';

const MINUTES_PER_HOUR = 60;
const HOUR_MS = 60 * 60 * 1000;

/** From a minute to a month. Whole minutes only, because a path spells them. */
const hours = z
  .number()
  .min(1 / MINUTES_PER_HOUR)
  .max(31 * 24)
  .refine((value) => isWhole(value * MINUTES_PER_HOUR), 'must be a whole number of minutes');
const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;

const windowsSchema = z.strictObject({
  /** A signal counts for the decisions made within this many hours after it. */
  signalHours: hours,
  /** Signal types with a window of their own. */
  signalHoursByType: z.record(z.string().regex(TYPE_PATTERN, 'must be a signal type'), hours),
  /** A decision precedes the decisions made within this many hours after it. */
  sequenceHours: hours,
});
/** The windows of a decision's features: part of the stage's configuration. */
export type FeatureWindows = z.output<typeof windowsSchema>;

/**
 * The variable FEATURE_WINDOWS: `{"signalHours":4,"signalHoursByType":{"NEWS":24},"sequenceHours":24}`. Every function
 * that makes features has the same value.
 */
export const featureWindows = json(windowsSchema);

const toMs = (value: number): number => Math.round(value * MINUTES_PER_HOUR) * (HOUR_MS / MINUTES_PER_HOUR);

/** @param windows absent: 4 h for every signal and 24 h for sequences */
export const miningSettings = (windows?: FeatureWindows): MiningSettings => ({
  ...defaultMiningSettings,
  ...(windows && {
    signalWindowMs: toMs(windows.signalHours),
    signalWindowsMs: Object.fromEntries(
      Object.entries(windows.signalHoursByType).map(([type, value]) => [type, toMs(value)]),
    ),
    sequenceWindowMs: toMs(windows.sequenceHours),
  }),
});
