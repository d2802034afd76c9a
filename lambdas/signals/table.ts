import { SECOND_MS } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import type { Delivery, DeliveryStatus, Signal } from './signal.ts';

/**
 * Keys and items of `agent_signals`, one item per target.
 *
 * - A delivery: signalId and target make its key, so a read by id needs no index.
 * - All deliveries of a signal: one range, `{timestamp}#{signalId}#`.
 * - One type across agents: the partition.
 * - An inbox: index `inbox`. Open and closed are apart, so what was handled costs the poller nothing.
 * - What an agent sent: index `sent`. Only the first delivery of a signal is in it; the first is the one whose target
 *   sorts first, so the start of the signal's range.
 */
export type Item = Record<string, unknown>;
export type Box = 'open' | 'closed';

export const inboxIndex = tables.signals.indexes.inbox;
export const sentIndex = tables.signals.indexes.sent;

export const signalPartition = (signalType: string): string => `signal#${signalType}`;
export const inboxKey = (agentId: string, box: Box): string => `target:${agentId}#${box}`;
export const sentKey = (agentId: string): string => `source:${agentId}`;
const deliveriesPrefix = (timestamp: string, signalId: string): string => `${timestamp}#${signalId}#`;

/** Where the deliveries of a signal are; undefined when no signal can have that id. */
export function deliveriesOf(signalId: string) {
  const id = parseTypedId(signalId);
  return (
    id && { partition: signalPartition(id.type), sortKeyPrefix: deliveriesPrefix(id.timestamp, signalId) }
  );
}

/** The primary key of one target's delivery; undefined when no signal can have that id. */
export function deliveryKey(signalId: string, targetAgent: string) {
  const range = deliveriesOf(signalId);
  return range && { [PARTITION_KEY]: range.partition, [SORT_KEY]: `${range.sortKeyPrefix}${targetAgent}` };
}

/** What an index says of an item: its primary key, which is all a sort key of the table tells anyway. */
export function identityOf(sortKey: string): Pick<Delivery, 'timestamp' | 'signalId' | 'targetAgent'> {
  const [timestamp = '', signalId = '', targetAgent = ''] = sortKey.split('#');
  return { timestamp, signalId, targetAgent };
}

/** Sort keys with `from ≤ timestamp ≤ to`: all begin with a digit, and nothing in an id sorts after `~`. */
export const timeRange = (from = '0', to = '~') => ({ from, to: `${to}#~` });

/** Whether a text is the sort key of some delivery: what a page token may name as its position. */
export function isDeliverySortKey(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 1024) return false;
  const { signalId, targetAgent } = identityOf(value);
  return targetAgent !== '' && deliveryKey(signalId, targetAgent)?.[SORT_KEY] === value;
}

const CONTENT = ['severity', 'confidence', 'data', 'context', 'recommendedAction'] as const;
const PROGRESS = ['processedAt', 'decisionId', 'note'] as const;

const pick = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]));

/**
 * The items of a new signal, in the order of its targets. Type, time, id and target stand in the keys and are not
 * stored again; the payload's hash and the list of targets are on the first item only.
 *
 * @param ttl seconds since the epoch
 * @param targets sorted, without doubles
 */
export function toItems(
  signal: Omit<Signal, 'expiresAt'>,
  targets: readonly string[],
  ttl: number,
  payloadHash: string,
): Item[] {
  return targets.map((targetAgent, position) => ({
    ...deliveryKey(signal.signalId, targetAgent),
    inboxKey: inboxKey(targetAgent, 'open'),
    sourceAgent: signal.sourceAgent,
    status: 'PENDING' satisfies DeliveryStatus,
    ...pick({ ...signal }, CONTENT),
    ttl,
    ...(position === 0 && {
      sentKey: sentKey(signal.sourceAgent),
      payloadHash,
      ...(targets.length > 1 && { targetAgents: targets }),
    }),
  }));
}

/** The targets of a signal, from its first item; undefined when the item is not the first one. */
export const targetsOf = (first: Item): string[] | undefined =>
  first['sentKey'] === undefined
    ? undefined
    : ((first['targetAgents'] as string[] | undefined) ?? [identityOf(String(first[SORT_KEY])).targetAgent]);

export function signalFromItem(item: Item): Signal {
  const { timestamp, signalId } = identityOf(String(item[SORT_KEY]));
  return {
    signalId,
    signalType: String(item[PARTITION_KEY]).slice(signalPartition('').length),
    sourceAgent: String(item['sourceAgent']),
    timestamp,
    ...(pick(item, CONTENT) as unknown as Pick<Signal, (typeof CONTENT)[number]>),
    expiresAt: new Date(Number(item['ttl']) * SECOND_MS).toISOString(),
  };
}

/** A claim whose lease is over is no claim: the delivery reads as PENDING without anyone writing that. */
export function fromItem(item: Item, now: Date): Delivery {
  const stored = item['status'] as DeliveryStatus;
  const claimed = stored === 'PROCESSING' && !isLeaseOver(item, now);
  return {
    ...signalFromItem(item),
    targetAgent: identityOf(String(item[SORT_KEY])).targetAgent,
    status: stored === 'PROCESSING' && !claimed ? 'PENDING' : stored,
    attempt: Number(item['attempt'] ?? 0),
    ...(claimed && { leaseUntil: String(item['leaseUntil']) }),
    ...pick(item, PROGRESS),
  };
}

export const isLeaseOver = (item: Item, now: Date): boolean =>
  String(item['leaseUntil']) <= now.toISOString();

const names = { '#status': 'status', '#ttl': 'ttl' };
const ALIVE = 'attribute_exists(sourceAgent) AND #ttl > :nowSeconds';
/** `ttl` is whole seconds: later than now is later than the second now is in. */
const nowSeconds = (now: Date): number => Math.floor(now.getTime() / SECOND_MS);

/** Only what is not there yet: the second of two equal puts meets the first. */
export const notStored = { ConditionExpression: 'attribute_not_exists(sourceAgent)' };

/** PENDING, or PROCESSING past its lease → PROCESSING under a new lease. */
export const claimUpdate = (now: Date, leaseId: string, leaseUntil: string) => ({
  ConditionExpression: `${ALIVE} AND (#status = :pending OR (#status = :processing AND leaseUntil <= :now))`,
  UpdateExpression:
    'SET #status = :processing, leaseId = :leaseId, leaseUntil = :leaseUntil, ' +
    'attempt = if_not_exists(attempt, :zero) + :one',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: {
    ':nowSeconds': nowSeconds(now),
    ':now': now.toISOString(),
    ':pending': 'PENDING',
    ':processing': 'PROCESSING',
    ':leaseId': leaseId,
    ':leaseUntil': leaseUntil,
    ':zero': 0,
    ':one': 1,
  },
});

/** The holder of the current lease, over or not, has it prolonged: nobody took it meanwhile. */
export const renewUpdate = (now: Date, leaseId: string, leaseUntil: string) => ({
  ConditionExpression: `${ALIVE} AND #status = :processing AND leaseId = :leaseId`,
  UpdateExpression: 'SET leaseUntil = :leaseUntil',
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: {
    ':nowSeconds': nowSeconds(now),
    ':processing': 'PROCESSING',
    ':leaseId': leaseId,
    ':leaseUntil': leaseUntil,
  },
});

/** Open → closed, for good. The lease's id stays: it tells a late worker from the one that closed the delivery. */
export function closeUpdate(
  now: Date,
  targetAgent: string,
  ack: Pick<Delivery, 'status' | 'decisionId' | 'note'> & { readonly leaseId?: string },
) {
  const { status, decisionId, note, leaseId } = ack;
  return {
    ConditionExpression:
      `${ALIVE} AND #status IN (:pending, :processing)` + (leaseId ? ' AND leaseId = :leaseId' : ''),
    UpdateExpression:
      'SET #status = :status, inboxKey = :inboxKey, processedAt = :now' +
      (decisionId ? ', decisionId = :decisionId' : '') +
      (note === undefined ? '' : ', note = :note') +
      ' REMOVE leaseUntil',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ':nowSeconds': nowSeconds(now),
      ':now': now.toISOString(),
      ':pending': 'PENDING',
      ':processing': 'PROCESSING',
      ':status': status,
      ':inboxKey': inboxKey(targetAgent, 'closed'),
      ...(leaseId && { ':leaseId': leaseId }),
      ...(decisionId && { ':decisionId': decisionId }),
      ...(note !== undefined && { ':note': note }),
    },
  };
}

/** Rows of `agent_state`: who is subscribed to a type, and to what an agent is subscribed. */
export const subscriberPartition = (signalType: string): string => `subscribers:${signalType}`;
export const subscriberKey = (signalType: string, agentId: string) => ({
  [PARTITION_KEY]: subscriberPartition(signalType),
  [SORT_KEY]: agentId,
});
export const subscriptionsKey = (agentId: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'SUBSCRIPTIONS',
});
