import { createHash } from 'node:crypto';
import type { Item } from '../shared/dynamodb/table.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { InsightOffer } from './insight.ts';
import { type SessionHead, ttlOf } from './session.ts';
import { subjectOf } from './table.ts';

/**
 * In `agent_state`, `open-sessions#{0..7}` / `{agentId}#{sessionId}`: the sessions that are not over yet, and those that
 * have ended with insights that are not in memory yet. The sweep reads all of them.
 */
export const OPEN_BUCKETS = 8;

const openBucketOf = (agentId: string, sessionId: string): number =>
  createHash('sha256').update(`${agentId}#${sessionId}`).digest()[0]! % OPEN_BUCKETS;
export const openPartition = (bucket: number): string => `open-sessions#${bucket}`;
export const openKey = (agentId: string, sessionId: string) => ({
  [PARTITION_KEY]: openPartition(openBucketOf(agentId, sessionId)),
  [SORT_KEY]: `${agentId}#${sessionId}`,
});

/** @param dueAt time of the sweep's next look at it, milliseconds since the epoch */
export const toOpenItem = (head: SessionHead, dueAt: number): Item => ({
  ...openKey(head.agentId, head.sessionId),
  dueAt,
  ttl: ttlOf(head),
});

/** The row of an ended session until its insights are in memory: for a minute the sweep leaves it alone. */
export const toOfferItem = (offer: InsightOffer, now: Date, ttl: unknown): Item => {
  const { agentId, sessionId, userId, topic, endedAt, insights } = offer;
  return {
    ...openKey(agentId, sessionId),
    ...subjectOf({ userId, topic }),
    endedAt,
    insights,
    dueAt: now.getTime() + MINUTE_MS,
    ttl,
  };
};

/** Undefined for the row of a session that has not ended. */
export function offerFromItem(item: Item): InsightOffer | undefined {
  const [agentId = '', sessionId = ''] = String(item[SORT_KEY]).split('#');
  const { userId, topic, endedAt, insights } = item as Partial<InsightOffer>;
  return insights && endedAt ? { agentId, sessionId, userId, topic, endedAt, insights } : undefined;
}
