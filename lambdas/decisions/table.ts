import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Decision, DecisionReference, DecisionStatus } from './decision.ts';

/** Decisions are kept 90 days from the moment they were written, so an imported history lives as long as a live one. */
export const DECISION_RETENTION_MS = 90 * DAY_MS;

export const decisionPartition = (agentId: string, decisionType: string): string =>
  `agent:${agentId}#decision#${decisionType}`;
export const timelineKey = (agentId: string): string => `agent:${agentId}`;
export const outcomeKey = (agentId: string, status: DecisionStatus): string => `agent:${agentId}#${status}`;
export const typeKey = (decisionType: string, timestamp: string): string =>
  `decision_type#${decisionType}#${timestamp.slice(0, 10)}`;
export const chainKey = (root: DecisionReference): string => `chain#${root.agentId}#${root.decisionId}`;
export const decisionSortKey = (timestamp: string, decisionId: string): string =>
  `${timestamp}#${decisionId}`;

/** The primary key of a decision, from its id alone; undefined when no decision can have that id. */
export function decisionKey({ agentId, decisionId }: DecisionReference) {
  const id = parseTypedId(decisionId);
  return (
    id && {
      [PARTITION_KEY]: decisionPartition(agentId, id.type),
      [SORT_KEY]: decisionSortKey(id.timestamp, decisionId),
    }
  );
}

type Item = Record<string, unknown>;

/** Agent, type, timestamp and id stand in the keys and are not stored again. */
export function toItem(decision: Decision): Item {
  const { agentId, decisionId, decisionType, timestamp, reasoning, ...rest } = decision;
  return {
    [PARTITION_KEY]: decisionPartition(agentId, decisionType),
    [SORT_KEY]: decisionSortKey(timestamp, decisionId),
    outcomeKey: outcomeKey(agentId, decision.status),
    typeKey: typeKey(decisionType, timestamp),
    timelineKey: timelineKey(agentId),
    ...(decision.root && { chainKey: chainKey(decision.root) }),
    ...rest,
    ...(reasoning && { reasoning }),
    // Beside `reasoning`, because a summary projects it.
    ...(reasoning?.confidence !== undefined && { confidence: reasoning.confidence }),
    ...(decision.outcome?.qualityScore !== undefined && { qualityScore: decision.outcome.qualityScore }),
    ttl: toTtl(Date.parse(decision.loggedAt) + DECISION_RETENTION_MS),
  };
}

/** What the keys of an item say, also those an index projects. */
export function identityOf(
  item: Item,
): Pick<Decision, 'agentId' | 'decisionType' | 'timestamp' | 'decisionId'> {
  const [agent = '', , decisionType = ''] = String(item[PARTITION_KEY]).split('#');
  const [timestamp = '', decisionId = ''] = String(item[SORT_KEY]).split('#');
  return { agentId: agent.slice('agent:'.length), decisionType, timestamp, decisionId };
}

const INTERNAL = new Set([
  PARTITION_KEY,
  SORT_KEY,
  'outcomeKey',
  'typeKey',
  'timelineKey',
  'chainKey',
  'confidence',
  'qualityScore',
  'ttl',
  'payloadHash',
]);

export const fromItem = (item: Item): Decision => ({
  ...(Object.fromEntries(
    Object.entries(item).filter(([name]) => !INTERNAL.has(name)),
  ) as unknown as Decision),
  ...identityOf(item),
});

/** Expired items stay readable for up to days: every read drops them itself. */
export const isExpired = (item: Item, now: Date): boolean => Number(item['ttl']) * 1000 <= now.getTime();
