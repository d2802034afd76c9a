import type { Decision } from '../decisions/decision.ts';
import type { Memory } from '../memories/memory.ts';
import type { DecisionGroup, Relevant } from './entries.ts';
import type { Score } from './ranking.ts';

export type Ranked = Score & { readonly of: Relevant };

/** How candidates are ranked, and what may have become of them since they were remembered. */
export interface Current {
  /** These decisions as they are now; without those that are gone or voided. */
  decisionsNow(decisions: readonly Decision[]): Promise<readonly Decision[]>;
  /** Of these memories of others, those still shared, as they are now. */
  sharedNow(memories: readonly Relevant[]): Promise<readonly Memory[]>;
  group(decisions: readonly Decision[]): DecisionGroup;
  best(candidates: readonly Relevant[]): Ranked[];
}

/**
 * The best as they are at this moment: their decisions as they ended by now, ranked again when one of them changed
 * since it was remembered; of others' memories only what is still shared and says the same. What cannot be asked for
 * now is left out.
 */
export async function rankAsTheyAre(
  agentId: string,
  candidates: readonly Relevant[],
  { decisionsNow, sharedNow, group, best }: Current,
): Promise<Ranked[]> {
  const isOfOther = ({ kind, agentId: owner }: Relevant): boolean => kind === 'memory' && owner !== agentId;
  const ranked = best(candidates);
  const groups = ranked.flatMap(({ of }) => (isGroup(of) ? [of] : []));
  const others = ranked.flatMap(({ of }) => (isOfOther(of) ? [of] : []));
  const [newest, shared] = await Promise.all([
    groups.length > 0 ? decisionsNow(groups.map(({ decisions }) => decisions[0]!)) : [],
    others.length > 0 ? sharedNow(others) : [],
  ]);
  const current = new Map(newest.map((decision) => [decision.decisionId, decision]));
  const changed = new Set(groups.filter(({ id, decisions }) => current.get(id) !== decisions[0]));
  const again = changed.size === 0 ? ranked : best(candidates.flatMap(asItIs));

  const texts = new Map(shared.map(({ agentId: owner, memoryId, text }) => [`${owner}#${memoryId}`, text]));
  // What only the second ranking brought in was not asked for, and is left out as well.
  return again.filter(({ of }) => !isOfOther(of) || texts.get(`${of.agentId}#${of.id}`) === of.body);

  function asItIs(candidate: Relevant): Relevant[] {
    if (!isGroup(candidate) || !changed.has(candidate)) return [candidate];
    const decision = current.get(candidate.id);
    const decisions = [...(decision ? [decision] : []), ...candidate.decisions.slice(1)];
    return decisions.length > 0 ? [group(decisions)] : [];
  }
}

const isGroup = (candidate: Relevant): candidate is DecisionGroup => 'decisions' in candidate;
