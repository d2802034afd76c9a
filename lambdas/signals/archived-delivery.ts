import type { ArchiveRecord } from '../shared/archive-record.ts';
import { publishedDelivery } from './published-delivery.ts';
import { fromItem, type Item } from './table.ts';

/**
 * What of a row of `agent_signals` is archived: the delivery, once for the agent it came from and once for the one it
 * went to, so each reads back what was its own.
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
