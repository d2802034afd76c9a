import * as z from 'zod';
import { json } from '../shared/platform/env.ts';
import { MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS } from './session.ts';

const settingsSchema = z.strictObject({
  /** Of sessions that do not say: they expire so long after their last activity. */
  expiresAfterSeconds: z.number().int().min(MIN_EXPIRY_SECONDS).max(MAX_EXPIRY_SECONDS),
  /** How many messages stay whole. */
  hotWindow: z.number().int().min(1).max(50),
  /** After every so many messages the summary is brought up to date. */
  summaryEvery: z.number().int().min(1).max(50),
  /** Limit of the running summary, in bytes of UTF-8. */
  summaryBytes: z.number().int().min(200).max(20_000),
});
/** How sessions behave: part of the stage's configuration. */
export type SessionSettings = z.output<typeof settingsSchema>;

/** The variable SESSION_SETTINGS, the same for every function that reads or writes sessions. */
export const sessionSettings = json(settingsSchema);
