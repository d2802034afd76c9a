import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { decisionKey, fromItem } from './table.ts';

/**
 * The record that is archived of a row of `agent_decisions`: the whole decision, as a read by its id showed it.
 *
 * @param item unmarshalled
 * @returns undefined when it is no decision
 */
export function archivedDecision(item: Item): ArchiveRecord | undefined {
  const decision = fromItem(item);
  const { agentId, decisionId, timestamp, outcomeRevision } = decision;
  const key = decisionKey(decision);
  if (key?.[PARTITION_KEY] !== item[PARTITION_KEY] || key?.[SORT_KEY] !== item[SORT_KEY]) return undefined;
  return {
    agentId,
    id: decisionId,
    kind: 'decision',
    timestamp,
    key: decisionId,
    version: outcomeRevision,
    record: { ...decision },
  };
}
