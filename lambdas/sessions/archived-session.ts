import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { toSummary } from './summary/summary.ts';
import {
  HEAD,
  headFromItem,
  messageFromItem,
  seqOf,
  sessionOfPartition,
  SUMMARY,
  summaryFromItem,
} from './table.ts';

/**
 * The archive's record of a session's row. Archived are its head, its summary and its messages, under the session's id.
 *
 * @param item unmarshalled
 * @returns undefined when it is no row of a session
 */
export function archivedSession(item: Item, now: Date): ArchiveRecord | undefined {
  const session = sessionOfPartition(String(item[PARTITION_KEY]));
  if (!session) return undefined;
  const { agentId, sessionId: id } = session;
  const sortKey = String(item[SORT_KEY]);
  if (sortKey === HEAD) {
    const head = headFromItem(item, now);
    const { createdAt, userId } = head;
    const record = { ...head };
    return { agentId, id, kind: 'session', timestamp: createdAt, key: id, version: 1, record, userId };
  }
  if (sortKey === SUMMARY) {
    const summary = toSummary(summaryFromItem(item));
    const { updatedAt: timestamp, throughSeq: version } = summary;
    return { agentId, id, kind: 'summary', timestamp, key: `${id}#summary`, version, record: { ...summary } };
  }
  const seq = seqOf(sortKey);
  if (seq === undefined) return undefined;
  const message = messageFromItem(item);
  const { createdAt: timestamp } = message;
  return { agentId, id, kind: 'message', timestamp, key: `${id}#${seq}`, version: 1, record: { ...message } };
}
