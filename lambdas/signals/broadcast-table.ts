import type { Item, Key } from '../shared/dynamodb/table.ts';
import { sha256 } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Signal } from './signal.ts';

/**
 * Rows of `agent_state`: `broadcasts#{0..3}` / signalId, a signal on its way to more subscribers than one transaction
 * takes. The sweep reads all of them, and mostly there are none.
 */
export interface Broadcast {
  readonly signal: Omit<Signal, 'expiresAt'>;
  /** Subscribers when it was published, sorted. */
  readonly targets: readonly string[];
  readonly payloadHash: string;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  /** Of the signal, in seconds since the epoch. */
  readonly ttl: number;
  /**
   * When an erasure of its sender stopped it, in milliseconds since the epoch. The row stays until no writer can be in
   * flight any more: it is the only way to find what one of them still delivers.
   */
  readonly withdrawnAt?: number;
}

export const BROADCAST_BUCKETS = 4;

export const broadcastPartition = (bucket: number): string => `broadcasts#${bucket}`;

export const broadcastKey = (signalId: string): Key => ({
  [PARTITION_KEY]: broadcastPartition(parseInt(sha256(signalId).slice(0, 8), 16) % BROADCAST_BUCKETS),
  [SORT_KEY]: signalId,
});

export const broadcastToItem = (broadcast: Broadcast): Item => ({
  ...broadcastKey(broadcast.signal.signalId),
  ...broadcast,
});

export const broadcastFromItem = (item: Item): Broadcast => ({
  signal: item['signal'] as Broadcast['signal'],
  targets: item['targets'] as string[],
  payloadHash: String(item['payloadHash']),
  begunAt: Number(item['begunAt']),
  ttl: Number(item['ttl']),
  ...(item['withdrawnAt'] !== undefined && { withdrawnAt: Number(item['withdrawnAt']) }),
});

/**
 * `unheard:{agentId}` / signalId: a signal with a clientToken that had no subscriber. A repeat is given the same answer,
 * also when an agent has subscribed since.
 */
export const unheardPartition = (agentId: string): string => `unheard:${agentId}`;
export const unheardKey = (agentId: string, signalId: string): Key => ({
  [PARTITION_KEY]: unheardPartition(agentId),
  [SORT_KEY]: signalId,
});
