import type * as z from 'zod';
import type { ageingReportSchema, nightFigures } from './report-schema.ts';

/** Memories a report names one by one. */
export const MAX_NAMED = 50;

/** The changes of one agent's memories in a night, all its attempts together. */
export type NightFigures = z.output<z.ZodObject<typeof nightFigures>>;

/** The figures of a night, and the memories it read and left. */
export type AgeingReport = z.output<typeof ageingReportSchema>;

export const noFigures: NightFigures = {
  pruned: { expired: 0, irrelevant: 0, redundant: 0 },
  prunedMemories: [],
  moved: { warm: 0, cold: 0, archive: 0 },
  compressed: { memories: 0, bytesBefore: 0, bytesAfter: 0 },
};
