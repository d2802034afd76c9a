import * as z from 'zod';
import { SECOND_MS } from '../shared/platform/clock.ts';
import { json } from '../shared/platform/env.ts';
import { MAX_ROUNDS } from './revalidation.ts';
import type { Deadlines } from './context-assembly.ts';

/** A request is cut off after 29 seconds, and then there is no answer at all. */
const MAX_REQUEST_MS = 28 * SECOND_MS;

const milliseconds = z.number().int().min(1).max(20_000);

/** What an answer takes at most: the session, the parts, each round that verifies them, and what is recorded. */
const longest = ({ partMs, sessionMs }: Deadlines): number =>
  sessionMs + (1 + MAX_ROUNDS) * partMs + Math.max(sessionMs, partMs);

/** The variable CONTEXT_DEADLINES: `{"partMs":1500,"sessionMs":5000}`. */
export const contextDeadlines = json(
  z
    .strictObject({ partMs: milliseconds, sessionMs: milliseconds })
    .refine((deadlines) => longest(deadlines) <= MAX_REQUEST_MS, 'takes longer than a request may'),
);
