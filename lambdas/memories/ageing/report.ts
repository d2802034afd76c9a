import type { MemoryTier } from '../memory.ts';
import type { PruneReason } from './pruning.ts';

/** Memories a report names one by one. */
export const MAX_NAMED = 50;

/** One memory that went, and why. */
export interface PrunedMemory {
  readonly memoryId: string;
  readonly category: string;
  readonly reason: PruneReason;
  /** 0..1, see relevance.ts. */
  readonly relevance: number;
  /** The near-duplicate that stands for it now. */
  readonly keptBy?: string;
}

/** What a night did to one agent's memories, all its attempts together. */
export interface NightFigures {
  readonly pruned: Readonly<Record<PruneReason, number>>;
  /** The first of them, at most 50. */
  readonly prunedMemories: readonly PrunedMemory[];
  /** Moved down, by where to. */
  readonly moved: Readonly<Record<Exclude<MemoryTier, 'hot'>, number>>;
  /** Shortened, and what they took before and take now, in bytes of JSON. */
  readonly compressed: {
    readonly memories: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  };
}

export interface AgeingReport extends NightFigures {
  /** Memories read. */
  readonly read: number;
  /** Left as they were because somebody else changed them meanwhile; the next night looks again. */
  readonly changedMeanwhile: number;
  /** What there is after the night, by tier. */
  readonly tiers: Readonly<Record<MemoryTier, number>>;
  /** Those of them that may still change with time. */
  readonly mayChange: number;
}

export const noFigures: NightFigures = {
  pruned: { expired: 0, irrelevant: 0, redundant: 0 },
  prunedMemories: [],
  moved: { warm: 0, cold: 0, archive: 0 },
  compressed: { memories: 0, bytesBefore: 0, bytesAfter: 0 },
};
