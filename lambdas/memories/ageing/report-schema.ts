import * as z from 'zod';
import { nameSchemas } from '../../shared/schema/fields.ts';
import { memoryTiers } from '../memory-stages.ts';
import { pruneReasons } from './pruning.ts';

const count = z.number().int().nonnegative();
const ratio = z.number().min(0).max(1);

const prunedSchema = z.record(z.enum(pruneReasons), count).meta({
  description:
    'expired: past the retention of its category; irrelevant: below 0.3, accessed less than twice and not for 7 days; redundant: another one says the same and stands for it.',
});

export const perTier = z.record(z.enum(memoryTiers), count);

/** See `NightFigures`. */
export const nightFigures = {
  pruned: prunedSchema,
  moved: z
    .record(z.enum(['warm', 'cold', 'archive']), count)
    .meta({ description: 'Moved down, by where to.' }),
  compressed: z
    .object({ memories: count, bytesBefore: count, bytesAfter: count })
    .meta({ description: 'Shortened, with the bytes of JSON they took before and take now.' }),
  prunedMemories: z
    .array(
      z.object({
        memoryId: z.string(),
        category: z.string(),
        reason: z.enum(pruneReasons),
        relevance: ratio,
        keptBy: z.string().optional().meta({ description: 'The near-duplicate that stands for it.' }),
      }),
    )
    .meta({ description: 'The first 50.' }),
};

/** See `AgeingReport`. */
export const ageingReportSchema = z.object({
  read: count,
  ...nightFigures,
  changedMeanwhile: count.meta({ description: 'Left alone: somebody else changed them during the run.' }),
  tiers: perTier.meta({ description: 'What there is after the night.' }),
  mayChange: count.meta({ description: 'Those of them that may still change with time.' }),
});

nameSchemas({
  AgeingReport: ageingReportSchema,
  CountsByTier: perTier,
  CountsByPruneReason: prunedSchema,
  CompressedBytes: nightFigures.compressed,
  PrunedMemory: nightFigures.prunedMemories.element,
});
