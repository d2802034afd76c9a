import { partOf } from '../shared/dynamodb/entity.ts';
import { allOf, anyOf, changes, type Expression, isUnexpired, says } from '../shared/dynamodb/expressions.ts';
import type { Item, Key } from '../shared/dynamodb/table.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import { DEFAULT_MAX_ATTEMPTS, MAX_TARGETS } from './signal-limits.ts';
import type { Delivery, DeliveryStatus, Signal } from './signal.ts';

/**
 * Keys and items of `agent_signals`, one item per target.
 *
 * - A delivery: signalId and target make its key, so a read by id needs no index.
 * - All deliveries of a signal: one range, `{timestamp}#{signalId}#`.
 * - One type across agents: the partition.
 * - An inbox: index `inbox`. Open and closed are apart, so closed deliveries cost the poller nothing.
 * - The signals an agent sent: index `sent`. Only the first delivery of a signal is in it: the one whose target sorts
 *   first, so it is the start of the signal's range.
 */
export type Box = 'open' | 'closed';

export const inboxIndex = tables.signals.indexes.inbox;
export const sentIndex = tables.signals.indexes.sent;

export const signalPartition = (signalType: string): string => `signal#${signalType}`;
export const inboxKey = (agentId: string, box: Box): string => `target:${agentId}#${box}`;
export const sentKey = (agentId: string): string => `source:${agentId}`;
const deliveriesPrefix = (timestamp: string, signalId: string): string => `${timestamp}#${signalId}#`;

/** The range of the deliveries of a signal; undefined when no signal can have that id. */
export function deliveriesOf(signalId: string) {
  const id = parseTypedId(signalId);
  return (
    id && { partition: signalPartition(id.type), sort: { prefix: deliveriesPrefix(id.timestamp, signalId) } }
  );
}

/** The primary key of one target's delivery; undefined when no signal can have that id. */
export function deliveryKey(signalId: string, targetAgent: string): Key | undefined {
  const range = deliveriesOf(signalId);
  return range && { [PARTITION_KEY]: range.partition, [SORT_KEY]: `${range.sort.prefix}${targetAgent}` };
}

/** The part of a delivery that its sort key alone tells. */
export function identityOf(sortKey: string): Pick<Delivery, 'timestamp' | 'signalId' | 'targetAgent'> {
  const [timestamp = '', signalId = '', targetAgent = ''] = sortKey.split('#');
  return { timestamp, signalId, targetAgent };
}

/** Sort keys with `from ≤ timestamp ≤ to`: all begin with a digit, and nothing in an id sorts after `~`. */
export const timeRange = (from = '0', to = '~') => ({ from, to: `${to}#~` });

/** Says whether a text is the sort key of some delivery, and so may be the position of a page token. */
export function isDeliverySortKey(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 1024) return false;
  const { signalId, targetAgent } = identityOf(value);
  return targetAgent !== '' && deliveryKey(signalId, targetAgent)?.[SORT_KEY] === value;
}

const CONTENT = ['severity', 'confidence', 'data', 'context', 'recommendedAction', 'maxAttempts'] as const;
const PROGRESS = ['processedAt', 'decisionId', 'note'] as const;
/** The content of a signal, the same for every target. */
export type SignalContent = Pick<Signal, (typeof CONTENT)[number]>;

/**
 * The items of a new signal, in the order of its targets. Type, time, id and target stand in the keys and are not
 * stored again; the payload's hash and the list of targets are on the first item only.
 *
 * @param ttl seconds since the epoch
 * @param targets sorted, without doubles
 * @param isStart false when earlier items of this signal are stored already
 */
export function toItems(
  signal: Omit<Signal, 'expiresAt'>,
  targets: readonly string[],
  ttl: number,
  payloadHash: string,
  isStart = true,
): Item[] {
  return targets.map((targetAgent, position) => ({
    ...deliveryKey(signal.signalId, targetAgent),
    inboxKey: inboxKey(targetAgent, 'open'),
    sourceAgent: signal.sourceAgent,
    status: 'PENDING' satisfies DeliveryStatus,
    ...partOf<SignalContent>(signal, CONTENT),
    ttl,
    ...(isStart &&
      position === 0 && {
        sentKey: sentKey(signal.sourceAgent),
        payloadHash,
        ...(targets.length > 1 && { targetAgents: targets.slice(0, MAX_TARGETS) }),
        ...(targets.length > MAX_TARGETS && { targetCount: targets.length }),
      }),
  }));
}

export interface Targets {
  /** Sorted; the first 99 where there are more. */
  readonly targetAgents: readonly string[];
  readonly targetCount: number;
}

/** The targets of a signal, from its first item; undefined when the item is not the first one. */
export function targetsOf(first: Item): Targets | undefined {
  if (first['sentKey'] === undefined) return undefined;
  const targetAgents = (first['targetAgents'] as string[] | undefined) ?? [
    identityOf(String(first[SORT_KEY])).targetAgent,
  ];
  return { targetAgents, targetCount: Number(first['targetCount'] ?? targetAgents.length) };
}

export function signalFromItem(item: Item): Signal {
  const { timestamp, signalId } = identityOf(String(item[SORT_KEY]));
  return {
    signalId,
    signalType: String(item[PARTITION_KEY]).slice(signalPartition('').length),
    sourceAgent: String(item['sourceAgent']),
    timestamp,
    ...partOf<SignalContent>(item, CONTENT),
    expiresAt: new Date(Number(item['ttl']) * SECOND_MS).toISOString(),
  };
}

/**
 * A claim ends with its lease: from then on the delivery reads as PENDING, without a write. After its last attempt it
 * reads as FAILED.
 */
export function fromItem(item: Item, now: Date): Delivery {
  const stored = item['status'] as DeliveryStatus;
  const claimed = stored === 'PROCESSING' && !isLeaseOver(item, now);
  const failure = isExhausted(item, now) && failureOf(item);
  return {
    ...signalFromItem(item),
    targetAgent: identityOf(String(item[SORT_KEY])).targetAgent,
    status: stored === 'PROCESSING' && !claimed ? 'PENDING' : stored,
    attempt: Number(item['attempt'] ?? 0),
    ...(claimed && { leaseUntil: String(item['leaseUntil']) }),
    ...partOf<Pick<Delivery, (typeof PROGRESS)[number]>>(item, PROGRESS),
    ...failure,
  };
}

const isLeaseOver = (item: Item, now: Date): boolean => String(item['leaseUntil']) <= now.toISOString();

/** All attempts were used, and the lease of the last one ran out: the delivery has failed, written so or not. */
export const isExhausted = (item: Item, now: Date): boolean =>
  item['status'] === 'PROCESSING' &&
  isLeaseOver(item, now) &&
  Number(item['attempt']) >= Number(item['maxAttempts'] ?? DEFAULT_MAX_ATTEMPTS);

const failureOf = (item: Item) => ({
  status: 'FAILED' as const,
  processedAt: String(item['leaseUntil']),
  note: `claimed ${String(item['attempt'])} times and never acknowledged before the lease ran out`,
});

/** An update of a delivery, and the state it must be in. */
export interface DeliveryUpdate {
  readonly change: Expression;
  readonly condition: Expression;
}

const isPending = says({ status: 'PENDING' });

const attemptsLeft: Expression = {
  expression:
    '#attempt < #maxAttempts OR (attribute_not_exists(#maxAttempts) AND #attempt < :defaultMaxAttempts)',
  names: { '#attempt': 'attempt', '#maxAttempts': 'maxAttempts' },
  values: { ':defaultMaxAttempts': DEFAULT_MAX_ATTEMPTS },
};

const isProcessing: Expression = {
  expression: '#status = :processing',
  names: { '#status': 'status' },
  values: { ':processing': 'PROCESSING' },
};

const isLive = (now: Date): Expression => ({
  expression: '#leaseUntil > :now',
  names: { '#leaseUntil': 'leaseUntil' },
  values: { ':now': now.toISOString() },
});

/** A claim whose lease is over. */
export const isPastLease = (now: Date): Expression => ({
  expression: '#status = :processing AND #leaseUntil <= :now',
  names: { '#status': 'status', '#leaseUntil': 'leaseUntil' },
  values: { ':processing': 'PROCESSING', ':now': now.toISOString() },
});

/** PENDING, or PROCESSING past a lease that was not the last. */
const isFree = (now: Date): Expression => anyOf(isPending, allOf(isPastLease(now), attemptsLeft));

/** The lease of the newest claim, over or not: no other worker claimed the delivery meanwhile. */
const isHolder = (now: Date, leaseId: string): Expression =>
  allOf(says({ leaseId }), isProcessing, anyOf(isLive(now), attemptsLeft));

/** A lease, as it is stored. */
export interface Lease {
  readonly leaseId: string;
  readonly leaseUntil: string;
  /** The caller chose the id: a claim under it may be a repeat of the first, whose answer was lost. */
  readonly isChosen: boolean;
}

/** The lease of a delivery's newest claim. */
export const leaseOf = (item: Item): Lease | undefined =>
  item['leaseId'] === undefined
    ? undefined
    : {
        leaseId: String(item['leaseId']),
        leaseUntil: String(item['leaseUntil']),
        isChosen: item['leaseChosen'] === true,
      };

/** Free → PROCESSING under a new lease. An id the service made is known from an answer only: under it none is new. */
export function claimUpdate(now: Date, { leaseId, leaseUntil, isChosen }: Lease): DeliveryUpdate {
  const change = changes({
    set: { status: 'PROCESSING', leaseId, leaseUntil, ...(isChosen && { leaseChosen: true }) },
    add: { attempt: 1 },
    remove: isChosen ? [] : ['leaseChosen'],
  });
  const isNew: Expression = {
    expression: 'attribute_not_exists(#leaseId) OR #leaseId <> :newLeaseId OR attribute_exists(#leaseChosen)',
    names: { '#leaseId': 'leaseId', '#leaseChosen': 'leaseChosen' },
    values: { ':newLeaseId': leaseId },
  };
  return { change, condition: allOf(isUnexpired(now), isFree(now), isNew) };
}

/** Prolongs the current lease for its holder. */
export const renewUpdate = (now: Date, leaseId: string, leaseUntil: string): DeliveryUpdate => ({
  change: changes({ set: { leaseUntil } }),
  condition: allOf(isUnexpired(now), isHolder(now, leaseId)),
});

/**
 * Open → closed, for good: by the holder of the lease, or without a lease while none is live. The lease's id stays: it
 * tells a late worker from the one that closed the delivery.
 */
export function closeUpdate(
  now: Date,
  targetAgent: string,
  ack: Pick<Delivery, 'status' | 'decisionId' | 'note'> & { readonly leaseId?: string },
): DeliveryUpdate {
  const { status, decisionId, note, leaseId } = ack;
  return {
    change: closing(targetAgent, { status, processedAt: now.toISOString(), decisionId, note }),
    condition: allOf(isUnexpired(now), leaseId === undefined ? isFree(now) : isHolder(now, leaseId)),
  };
}

/** Exhausted → FAILED, as it has read since the last lease ran out. */
export function giveUpUpdate(now: Date, item: Item): DeliveryUpdate {
  const { targetAgent } = identityOf(String(item[SORT_KEY]));
  const { leaseId, leaseUntil } = item;
  return {
    change: closing(targetAgent, failureOf(item)),
    condition: allOf(isUnexpired(now), says({ status: 'PROCESSING', leaseId, leaseUntil })),
  };
}

const closing = (
  targetAgent: string,
  progress: Partial<Pick<Delivery, 'status' | (typeof PROGRESS)[number]>>,
) => changes({ set: { ...progress, inboxKey: inboxKey(targetAgent, 'closed') }, remove: ['leaseUntil'] });

/** Rows of `agent_state`: the agents subscribed to a type, and the types an agent is subscribed to. */
export const subscriberPartition = (signalType: string): string => `subscribers:${signalType}`;
export const subscriberKey = (signalType: string, agentId: string): Key => ({
  [PARTITION_KEY]: subscriberPartition(signalType),
  [SORT_KEY]: agentId,
});
export const subscriptionsKey = (agentId: string): Key => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'SUBSCRIPTIONS',
});
