import { entityOf } from '../shared/dynamodb/entity.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { OfferVerdictRecord } from './offer-verdict.ts';

/**
 * An agent's verdicts on the patterns that others offer it, in `agent_memory_ltm`: `agent:{agentId}#memory#STANDING` /
 * `{owner}#{patternId}`. All verdicts of an agent are one query.
 */
export const offerVerdictPartition = (agentId: string): string => `agent:${agentId}#memory#STANDING`;

export const offerVerdictKey = (agentId: string, owner: string, patternId: string) => ({
  [PARTITION_KEY]: offerVerdictPartition(agentId),
  [SORT_KEY]: `${owner}#${patternId}`,
});

export const toOfferVerdictItem = ({ agentId, owner, patternId, ...rest }: OfferVerdictRecord): Item => ({
  ...offerVerdictKey(agentId, owner, patternId),
  ...rest,
});

export function fromOfferVerdictItem(item: Item): OfferVerdictRecord {
  const [agent = ''] = String(item[PARTITION_KEY]).split('#');
  const [owner = '', patternId = ''] = String(item[SORT_KEY]).split('#');
  return {
    ...entityOf<Omit<OfferVerdictRecord, 'agentId' | 'owner' | 'patternId'>>(item),
    agentId: agent.slice('agent:'.length),
    owner,
    patternId,
  };
}
