import type { Memory } from '../memory.ts';
import { touchedAt } from './age.ts';
import { compressTo } from './compression.ts';
import { isKept, pruneReason, type PruneReason } from './pruning.ts';
import { nearDuplicates } from './redundancy.ts';
import { relevanceOf } from './relevance.ts';
import { type AgeingSettings, formOfTier } from './settings.ts';
import { assignTiers } from './tiers.ts';

/** A memory that goes. */
export interface Pruning {
  readonly memory: Memory;
  readonly reason: PruneReason;
  /** 0..1, see `relevanceOf`. */
  readonly relevance: number;
  /** The near-duplicate that stays. */
  readonly keptBy?: string;
}

/** Changes that must be made together or not at all. */
export interface AgeingStep {
  readonly prunings: readonly Pruning[];
  /** At most one. `after` has the version of `before`: who writes it raises it. */
  readonly change?: { readonly before: Memory; readonly after: Memory };
}

export interface AgeingPlan {
  /** In this order. A memory that stands for several is changed by several of them, each from what the one before left. */
  readonly steps: readonly AgeingStep[];
  /** The memories when all steps are taken, the most relevant first. */
  readonly remaining: readonly Memory[];
  readonly relevance: ReadonlyMap<string, number>;
}

export interface AgeingInput {
  readonly memories: readonly Memory[];
  readonly settings: AgeingSettings;
  readonly now: Date;
  /** Memories others can see: one of them is never given up for one they cannot. */
  readonly shared?: ReadonlySet<string>;
  /** Near-duplicates merged in one step. @default 20 */
  readonly mergedPerStep?: number;
}

/** Ids of near-duplicates a memory remembers; how many it stands for is in `timesSeen`. */
const MAX_MERGED = 100;

const latest = (a: string, b: string): string => (a > b ? a : b);

/** A memory after it has taken in its near-duplicates: it was seen as often as all of them, and as late as the last. */
function standingFor(memory: Memory, duplicates: readonly Memory[]): Memory {
  return duplicates.reduce(
    (kept, duplicate) => ({
      ...kept,
      timesSeen: kept.timesSeen + duplicate.timesSeen,
      lastSeenAt: latest(kept.lastSeenAt, new Date(touchedAt(duplicate)).toISOString()),
      merged: [...new Set([...(kept.merged ?? []), ...(duplicate.merged ?? []), duplicate.memoryId])].slice(
        -MAX_MERGED,
      ),
    }),
    memory,
  );
}

/**
 * One night of one agent's memories, as steps to take: relevance, what is past its time or not worth keeping, what
 * another one says, tiers with their caps, shorter forms. A function of what is stored and of `now` alone: the order of
 * the memories does not matter, and once the steps are taken the plan is empty.
 */
export function planAgeing(input: AgeingInput): AgeingPlan {
  const { settings, now, shared, mergedPerStep = 20 } = input;
  const relevance = new Map<string, number>();
  const steps: AgeingStep[] = [];
  const rate = (memory: Memory): number => {
    const value = relevanceOf(memory, now);
    relevance.set(memory.memoryId, value);
    return value;
  };

  const staying: Memory[] = [];
  for (const memory of [...input.memories].sort(byId)) {
    const value = rate(memory);
    const reason = pruneReason(memory, value, settings, now);
    if (reason) steps.push({ prunings: [{ memory, reason, relevance: value }] });
    else staying.push(memory);
  }

  const rank = (memories: readonly Memory[]): Memory[] =>
    memories.toSorted(
      (a, b) =>
        Number(isKept(b, settings)) - Number(isKept(a, settings)) ||
        Number(shared?.has(b.memoryId) ?? false) - Number(shared?.has(a.memoryId) ?? false) ||
        relevance.get(b.memoryId)! - relevance.get(a.memoryId)! ||
        touchedAt(b) - touchedAt(a) ||
        byId(a, b),
    );

  const groups = nearDuplicates(
    rank(staying),
    settings.sameAbove,
    (memory) => !isKept(memory, settings) && !shared?.has(memory.memoryId),
  );
  const gone = new Set<string>();
  const kept = new Map(staying.map((memory) => [memory.memoryId, memory]));
  for (const [memoryId, duplicates] of groups)
    for (let start = 0; start < duplicates.length; start += mergedPerStep) {
      const some = duplicates.slice(start, start + mergedPerStep);
      const before = kept.get(memoryId)!;
      const after = standingFor(before, some);
      steps.push({
        prunings: some.map((memory) => ({
          memory,
          reason: 'redundant',
          relevance: relevance.get(memory.memoryId)!,
          keptBy: memoryId,
        })),
        change: { before, after },
      });
      kept.set(memoryId, after);
      rate(after);
      for (const duplicate of some) gone.add(duplicate.memoryId);
    }

  const ranked = rank([...kept.values()].filter((memory) => !gone.has(memory.memoryId)));
  const tiers = assignTiers(ranked, settings, now);
  const remaining = ranked.map((memory) => {
    const tier = tiers.get(memory.memoryId)!;
    const form = isKept(memory, settings) ? memory.form : formOfTier[tier];
    const after = { ...compressTo(memory, form), tier };
    if (tier !== memory.tier || after.form !== memory.form)
      steps.push({ prunings: [], change: { before: memory, after } });
    return after;
  });
  return { steps, remaining, relevance };
}

const byId = (a: Memory, b: Memory): number => (a.memoryId < b.memoryId ? -1 : 1);
