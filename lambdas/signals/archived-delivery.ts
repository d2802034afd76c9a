import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { publishedDelivery } from './published-delivery.ts';
import { fromItem } from './table.ts';

/**
 * The records that are archived of a row of `agent_signals`: the delivery, once for the agent it came from and once for
 * the one it went to, so each reads back its own.
 *
 * @param item unmarshalled
 * @throws Error when it is no delivery
 */
export function archivedDelivery(item: Item, now: Date): ArchiveRecord[] {
  const { sourceAgent, targetAgent, signalId, timestamp } = publishedDelivery(item);
  const record = { ...fromItem(item, now) };
  return [...new Set([sourceAgent, targetAgent])].map((agentId) => ({
    agentId,
    id: signalId,
    kind: 'delivery',
    timestamp,
    key: `${signalId}#${targetAgent}`,
    version: 1,
    record,
  }));
}
