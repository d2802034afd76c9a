import { type Accesses, type Ageable, noAccesses, touchedAt } from './ageable.ts';
import { compressTo } from './compression.ts';
import { isKept, pruneReason, type PruneReason } from './pruning.ts';
import { nearDuplicates } from './redundancy.ts';
import { relevanceOf } from './relevance.ts';
import { type AgeingSettings, formOfTier } from './settings.ts';
import { assignTiers } from './tiers.ts';

/** A memory that goes. */
export interface Pruning<M extends Ageable> {
  readonly memory: M;
  readonly reason: PruneReason;
  /** 0..1, see `relevanceOf`. */
  readonly relevance: number;
  /** The near-duplicate that stays. */
  readonly keptBy?: string;
}

/** What must be done together or not at all. */
export interface AgeingStep<M extends Ageable> {
  readonly prunings: readonly Pruning<M>[];
  /** At most one. `after` is of the same version as `before`: who writes it raises it. */
  readonly change?: { readonly before: M; readonly after: M };
}

export interface AgeingPlan<M extends Ageable> {
  /** In this order. A memory that stands for several is changed by several of them, each from what the one before left. */
  readonly steps: readonly AgeingStep<M>[];
  /** What there is when all of it is done, the most relevant first. */
  readonly remaining: readonly M[];
  readonly relevance: ReadonlyMap<string, number>;
}

export interface AgeingInput<M extends Ageable> {
  readonly memories: readonly M[];
  readonly accesses: ReadonlyMap<string, Accesses>;
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
function standingFor<M extends Ageable>(memory: M, duplicates: readonly M[]): M {
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
export function planAgeing<M extends Ageable>(input: AgeingInput<M>): AgeingPlan<M> {
  const { accesses, settings, now, shared, mergedPerStep = 20 } = input;
  const relevance = new Map<string, number>();
  const steps: AgeingStep<M>[] = [];
  const accessesOf = ({ memoryId }: M): Accesses => accesses.get(memoryId) ?? noAccesses;
  const rate = (memory: M): number => {
    const { value } = relevanceOf(memory, accessesOf(memory), settings, now);
    relevance.set(memory.memoryId, value);
    return value;
  };

  const staying: M[] = [];
  for (const memory of [...input.memories].sort(byId)) {
    const value = rate(memory);
    const reason = pruneReason(memory, value, accessesOf(memory), settings, now);
    if (reason) steps.push({ prunings: [{ memory, reason, relevance: value }] });
    else staying.push(memory);
  }

  const rank = (memories: readonly M[]): M[] =>
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

const byId = (a: Ageable, b: Ageable): number => (a.memoryId < b.memoryId ? -1 : 1);
