import type { Decision } from '../decisions/decision.ts';
import type { Memory } from '../memories/memory.ts';
import type { DecisionGroup, Relevant } from './entries.ts';
import type { Score } from './ranking.ts';

export type Ranked = Score & { readonly of: Relevant };

/** How candidates are ranked, and what may have become of them since they were remembered. */
export interface Current {
  /** These decisions as they are now, without those that are gone or voided; undefined when they cannot be had. */
  decisionsNow(decisions: readonly Decision[]): Promise<readonly Decision[] | undefined>;
  /** Of these memories of others, those still shared, as they are now; undefined when they cannot be had. */
  sharedNow(memories: readonly Relevant[]): Promise<readonly Memory[] | undefined>;
  group(decisions: readonly Decision[]): DecisionGroup;
  best(candidates: readonly Relevant[]): Ranked[];
}

/** Rounds of asking: what one brings in for what is gone is asked for in the next. Most answers take one. */
export const MAX_ROUNDS = 3;

/**
 * The best as they are at this moment: their decisions as they ended by now, of others' memories only what is still
 * shared and says the same. Whatever turns out to be gone or changed is ranked again, and what moves up for it is asked
 * for in its turn, three times at most; what could not be asked for by then is left out. Of decisions that are shown as
 * one, the newest is asked for: how the others ended is as old as what the instance remembers.
 */
export async function rankAsTheyAre(
  agentId: string,
  candidates: readonly Relevant[],
  { decisionsNow, sharedNow, group, best }: Current,
): Promise<Ranked[]> {
  const isOfOther = ({ kind, agentId: owner }: Relevant): boolean => kind === 'memory' && owner !== agentId;
  const verified = new Set<Relevant>();
  const isCertain = (candidate: Relevant): boolean =>
    verified.has(candidate) || !(isGroup(candidate) || isOfOther(candidate));

  let current = candidates;
  let ranked = best(current);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const uncertain = ranked.flatMap(({ of }) => (isCertain(of) ? [] : [of]));
    if (uncertain.length === 0) break;
    const groups = uncertain.filter(isGroup);
    const others = uncertain.filter(isOfOther);
    const [decisions, memories] = await Promise.all([
      groups.length > 0 ? decisionsNow(groups.map((some) => some.decisions[0]!)) : [],
      others.length > 0 ? sharedNow(others) : [],
    ]);
    const byId = new Map(decisions?.map((decision) => [decision.decisionId, decision]));
    const texts = new Map(memories?.map((memory) => [nameOf(memory.agentId, memory.memoryId), memory.text]));
    const asked = new Set(uncertain);
    const before = current;
    current = before.flatMap((candidate) => {
      if (isGroup(candidate)) {
        // Without an answer nothing of the kind is certain, and asking again would only take longer.
        if (!decisions) return verified.has(candidate) ? [candidate] : [];
        return asked.has(candidate) ? groupAsItIs(candidate, byId.get(candidate.id)) : [candidate];
      }
      if (!isOfOther(candidate)) return [candidate];
      if (!memories) return verified.has(candidate) ? [candidate] : [];
      if (!asked.has(candidate)) return [candidate];
      if (texts.get(nameOf(candidate.agentId, candidate.id)) !== candidate.body) return [];
      verified.add(candidate);
      return [candidate];
    });
    if (current.length !== before.length || current.some((candidate, i) => candidate !== before[i]))
      ranked = best(current);
  }
  return ranked.filter(({ of }) => isCertain(of));

  /** What is left of a group without its newest is yet to be asked for. */
  function groupAsItIs(candidate: DecisionGroup, newest: Decision | undefined): DecisionGroup[] {
    const [known, ...others] = candidate.decisions;
    if (!newest) return others.length > 0 ? [group(others)] : [];
    const same = newest === known ? candidate : group([newest, ...others]);
    verified.add(same);
    return [same];
  }
}

const isGroup = (candidate: Relevant): candidate is DecisionGroup => 'decisions' in candidate;
const nameOf = (agentId: string, id: string): string => `${agentId}#${id}`;
