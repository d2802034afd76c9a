import * as z from 'zod';
import { SECOND_MS } from '../shared/platform/clock.ts';
import { json } from '../shared/platform/env.ts';
import { MAX_ROUNDS } from './revalidation.ts';

/** API Gateway cuts a request off after 29 seconds, and then there is no answer at all. */
const MAX_REQUEST_MS = 28 * SECOND_MS;

const milliseconds = z.number().int().min(1).max(20_000);

const deadlinesSchema = z.strictObject({
  /** For each part an answer can do without. */
  partMs: milliseconds,
  /** For the session, and for recording what was shown. */
  sessionMs: milliseconds,
});
/** Milliseconds to wait. */
export type Deadlines = Readonly<z.output<typeof deadlinesSchema>>;

/** The longest an answer can take: the session, the parts, every round of revalidation, and the record. */
const longest = ({ partMs, sessionMs }: Deadlines): number =>
  sessionMs + (1 + MAX_ROUNDS) * partMs + Math.max(sessionMs, partMs);

/** The variable CONTEXT_DEADLINES: `{"partMs":1500,"sessionMs":5000}`. */
export const contextDeadlines = json(
  deadlinesSchema.refine(
    (deadlines) => longest(deadlines) <= MAX_REQUEST_MS,
    'takes longer than a request may',
  ),
);
