import * as z from 'zod';
import { json } from '../shared/platform/env.ts';
import { MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS } from './session-limits.ts';

const settingsSchema = z.strictObject({
  /** Default of a session: it expires this long after its last activity. */
  expiresAfterSeconds: z.number().int().min(MIN_EXPIRY_SECONDS).max(MAX_EXPIRY_SECONDS),
  /** The number of newest messages that stay whole. */
  hotWindow: z.number().int().min(1).max(50),
  /** The summary is brought up to date each time this many messages have come. */
  summaryEvery: z.number().int().min(1).max(50),
  /** Limit of the running summary, in bytes of UTF-8. */
  summaryBytes: z.number().int().min(200).max(20_000),
  /** The model that writes summaries. Without it they are made of sentences that were said. */
  summaryModel: z
    .strictObject({
      /** As Amazon Bedrock calls it: of a model, or of an inference profile. */
      modelId: z.string().min(1),
      /** A summary that takes longer is made without it; a request that ends a session waits for it. */
      timeoutSeconds: z.number().int().min(1).max(20),
      /** Estimated, in and out. What is beyond it is summarized without the model. */
      tokensPerAgentAndDay: z.number().int().min(1),
    })
    .optional(),
});
/** Settings of sessions: part of the stage's configuration. */
export type SessionSettings = z.output<typeof settingsSchema>;

/** The variable SESSION_SETTINGS, the same for every function that reads or writes sessions. */
export const sessionSettings = json(settingsSchema);
