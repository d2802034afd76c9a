import type { Decision } from '../decisions/decision.ts';
import type { Memory } from '../memories/memory.ts';
import type { DecisionGroup, Relevant } from './entries.ts';
import type { Score } from './ranking.ts';

export type Ranked = Score & { readonly of: Relevant };

/** How candidates are ranked, and how they are read again. A read that fails answers undefined. */
export interface Revalidation {
  /** These decisions as they are now, without those that are gone or voided. */
  rereadDecisions(decisions: readonly Decision[]): Promise<readonly Decision[] | undefined>;
  /** Of these memories of other agents, those still shared, as they are now. */
  rereadSharedMemories(memories: readonly Relevant[]): Promise<readonly Memory[] | undefined>;
  group(decisions: readonly Decision[]): DecisionGroup;
  rankBest(candidates: readonly Relevant[]): Ranked[];
}

/** Rounds of reading again: a candidate that moves up in one round is read in the next. Most answers take one. */
export const MAX_ROUNDS = 3;

/**
 * Ranks candidates that may be stale, and reads the best of them again before they are shown: decisions with their
 * current outcome, memories of other agents only while still shared and unchanged. A candidate that is gone or changed
 * is ranked again. One that moves up for it is read again in the next round, three rounds at most. A candidate that is
 * still unread then is left out. Of a group of equal decisions only the newest is read again, so the outcomes of the
 * others are as old as the cache.
 */
export async function rankRevalidated(
  agentId: string,
  candidates: readonly Relevant[],
  { rereadDecisions, rereadSharedMemories, group, rankBest }: Revalidation,
): Promise<Ranked[]> {
  const isOfOther = ({ kind, agentId: owner }: Relevant): boolean => kind === 'memory' && owner !== agentId;
  const verified = new Set<Relevant>();
  const isCertain = (candidate: Relevant): boolean =>
    verified.has(candidate) || !(isGroup(candidate) || isOfOther(candidate));

  let current = candidates;
  let ranked = rankBest(current);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const uncertain = ranked.flatMap(({ of }) => (isCertain(of) ? [] : [of]));
    if (uncertain.length === 0) break;
    const groups = uncertain.filter(isGroup);
    const others = uncertain.filter(isOfOther);
    const [decisions, memories] = await Promise.all([
      groups.length > 0 ? rereadDecisions(groups.map((some) => some.decisions[0]!)) : [],
      others.length > 0 ? rereadSharedMemories(others) : [],
    ]);
    const byId = new Map(decisions?.map((decision) => [decision.decisionId, decision]));
    const texts = new Map(memories?.map((memory) => [nameOf(memory.agentId, memory.memoryId), memory.text]));
    const asked = new Set(uncertain);
    const before = current;
    current = before.flatMap((candidate) => {
      if (isGroup(candidate)) {
        // When the read failed, no unverified group is certain. A second attempt would only take longer.
        if (!decisions) return verified.has(candidate) ? [candidate] : [];
        return asked.has(candidate) ? revalidatedGroup(candidate, byId.get(candidate.id)) : [candidate];
      }
      if (!isOfOther(candidate)) return [candidate];
      if (!memories) return verified.has(candidate) ? [candidate] : [];
      if (!asked.has(candidate)) return [candidate];
      if (texts.get(nameOf(candidate.agentId, candidate.id)) !== candidate.body) return [];
      verified.add(candidate);
      return [candidate];
    });
    if (current.length !== before.length || current.some((candidate, i) => candidate !== before[i]))
      ranked = rankBest(current);
  }
  return ranked.filter(({ of }) => isCertain(of));

  /** @param newest as it is now; undefined when it is gone, and then the rest of the group is still unverified */
  function revalidatedGroup(candidate: DecisionGroup, newest: Decision | undefined): DecisionGroup[] {
    const [known, ...others] = candidate.decisions;
    if (!newest) return others.length > 0 ? [group(others)] : [];
    const same = newest === known ? candidate : group([newest, ...others]);
    verified.add(same);
    return [same];
  }
}

const isGroup = (candidate: Relevant): candidate is DecisionGroup => 'decisions' in candidate;
const nameOf = (agentId: string, id: string): string => `${agentId}#${id}`;
