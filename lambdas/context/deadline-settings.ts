import * as z from 'zod';
import { json } from '../shared/platform/env.ts';

const milliseconds = z.number().int().min(1).max(20_000);

/** The variable CONTEXT_DEADLINES: `{"partMs":1500,"sessionMs":5000}`. */
export const contextDeadlines = json(z.strictObject({ partMs: milliseconds, sessionMs: milliseconds }));
