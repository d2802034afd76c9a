import type * as z from 'zod';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Expression } from '../shared/dynamodb/expressions.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ulidOf } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { signalRoutes } from './contract.ts';
import { DEFAULT_MAX_RESULTS, type Listed, type ListPage, readPage } from './fill-page.ts';
import {
  firstMark,
  FirstPage,
  isShown,
  type Lane,
  type Listed as ListedDelivery,
  type Shown,
  urgentSeverities,
} from './inbox-shares.ts';
import type { Delivery, DeliveryStatus, FinalStatus } from './signal.ts';
import { finalStatuses } from './signal-limits.ts';
import {
  type Box,
  deliveryKey,
  fromItem,
  identityOf,
  inboxIndex,
  inboxKey,
  isDeliverySortKey,
  isExhausted,
  isPastLease,
} from './table.ts';

export type InboxQuery = z.output<typeof signalRoutes.listInbox.query>;

export interface InboxPage extends ListPage<Delivery> {
  readonly consistency: 'eventual';
}

export const isFinal = (status: DeliveryStatus): status is FinalStatus =>
  finalStatuses.some((final) => final === status);

/** A crowded inbox is searched this far for others' deliveries: 2,000 of them, or 8 MB. */
const AHEAD_QUERIES = 8;
const AHEAD_LIMIT = 250;
/** Deliveries that one list closes: each is a write of its own, and the list waits for them. */
const CLOSED_AT_ONCE = 50;
const SETTLE_LIMIT = 1_000;

/** Sort key to go on after, and on pages that go over a shared first page again, what that one showed. */
type Position = string | readonly [after: string, shown: Shown];

/**
 * The deliveries of an agent, as pages, newest first. Of what is open, the first page is shared among the lanes of
 * `inbox-shares.ts`: one source cannot fill it while others wait. The later pages show the rest, each delivery once.
 */
export class InboxList {
  readonly #table: Table;
  readonly #onExhausted: (item: Item) => Promise<unknown>;

  /** @param onExhausted called with each delivery that has failed without being closed; default: it is only hidden */
  constructor(table: Table, onExhausted: (item: Item) => Promise<unknown> = async () => undefined) {
    this.#table = table;
    this.#onExhausted = onExhausted;
  }

  /**
   * Deliveries to an agent from the index: the open ones, or those of one status. A delivery just published or closed may
   * be missing or still here for a moment; acknowledging decides on the item itself.
   */
  async list(agentId: string, query: InboxQuery): Promise<InboxPage> {
    const { status, signalType, maxResults = DEFAULT_MAX_RESULTS, nextToken } = query;
    const box = status && isFinal(status) ? 'closed' : 'open';
    const scope = { list: 'inbox', agentId, status, signalType };
    const position = decodePageToken(scope, nextToken, isPosition);
    const [after, before] = typeof position === 'object' ? position : [position, undefined];
    const read = this.#reader(agentId, box, query);
    const list: Listed<Delivery> = {
      maxResults,
      keyAt: (sortKey) => keyAt(agentId, box, sortKey),
      filtered: status !== undefined || signalType !== undefined || before !== undefined,
      read: async (start, limit) => {
        const page = await read(start, limit);
        return before ? { ...page, entries: page.entries.map((entry) => unlessShown(before, entry)) } : page;
      },
    };
    const { shown, end } = await readPage(list, after);
    const page = (some: readonly ListedDelivery[], next: Position | undefined): InboxPage => ({
      items: inOrderOfPublishing(some),
      nextToken: next === undefined ? null : encodePageToken(scope, next),
      consistency: 'eventual',
    });
    if (end === undefined) return page(shown, undefined);
    if (before) return page(shown, end > before.until ? [end, before] : end);
    if (after !== undefined || box === 'closed') return page(shown, end);

    const first = new FirstPage(shown, maxResults);
    await this.#lookAhead(first, read, keyAt(agentId, box, end));
    const marks = first.marks();
    return marks ? page(first.shown(), [firstMark(marks), marks]) : page(shown, end);
  }

  /** Hands on the deliveries that have failed without being closed, among the newest thousand that are open. */
  async settle(agentId: string): Promise<void> {
    const now = this.#table.clock();
    const { items } = await this.#table.query({
      partition: inboxKey(agentId, 'open'),
      index: inboxIndex,
      descending: true,
      limit: SETTLE_LIMIT,
      filter: isPastLease(now),
    });
    await this.#close(items.filter((item) => isExhausted(item, now)));
  }

  /** A list is right without it: a delivery that is not closed now is closed by a later list. */
  async #close(exhausted: readonly Item[]): Promise<void> {
    await Promise.allSettled(exhausted.slice(0, CLOSED_AT_ONCE).map(this.#onExhausted));
  }

  /** Offers the page what waits behind it, beyond the lanes that crowd it. */
  async #lookAhead(first: FirstPage, read: Reader, after: Item): Promise<void> {
    let start: Item | undefined = after;
    const crowded = first.crowded();
    for (let queries = 0; queries < AHEAD_QUERIES && start && first.crowded().length > 0; queries++) {
      const { entries, last }: Awaited<ReturnType<Reader>> = await read(start, AHEAD_LIMIT, crowded);
      for (const { sortKey, value } of entries) if (value !== undefined) first.offer({ sortKey, value });
      start = last;
    }
  }

  #reader(agentId: string, box: Box, { status, signalType }: InboxQuery): Reader {
    return async (start, limit, without) => {
      const { items, last } = await this.#table.query({
        partition: inboxKey(agentId, box),
        index: inboxIndex,
        descending: true,
        limit,
        ...(start && { start }),
        ...(without && { filter: isOutside(without) }),
      });
      const now = this.#table.clock();
      await this.#close(items.filter((item) => isExhausted(item, now)));
      return {
        last,
        entries: items.map((item) => {
          const delivery = fromItem(item, now);
          const isListed =
            (box === 'closed' || !isFinal(delivery.status)) &&
            (status === undefined || delivery.status === status) &&
            (signalType === undefined || delivery.signalType === signalType);
          return { sortKey: String(item[SORT_KEY]), value: isListed ? delivery : undefined };
        }),
      };
    };
  }
}

type Entry = { readonly sortKey: string; readonly value: Delivery | undefined };
type Reader = (
  start: Item | undefined,
  limit: number,
  without?: readonly Lane[],
) => Promise<{ readonly entries: readonly Entry[]; readonly last: Item | undefined }>;

const unlessShown = (before: Shown, { sortKey, value }: Entry): Entry => ({
  sortKey,
  value: value && isShown(before, { sortKey, value }) ? undefined : value,
});

/** A filter for deliveries of other lanes than these, so that a flood is read but not sent. */
function isOutside(lanes: readonly Lane[]): Expression {
  const urgent = urgentSeverities.map((severity, i) => [`:urgent${i}`, severity] as const);
  const isUrgentNow = `#severity IN (${urgent.map(([name]) => name).join(', ')})`;
  const sources = lanes.map(({ sourceAgent }, i) => [`:source${i}`, sourceAgent] as const);
  return {
    expression: lanes
      .map(({ isUrgent }, i) => `NOT (#source = :source${i} AND ${isUrgent ? '' : 'NOT '}${isUrgentNow})`)
      .join(' AND '),
    names: { '#source': 'sourceAgent', '#severity': 'severity' },
    values: Object.fromEntries([...urgent, ...sources]),
  };
}

/** Newest first; at equal timestamps by when they were published, whatever their type. */
const inOrderOfPublishing = (listed: readonly ListedDelivery[]): Delivery[] =>
  listed
    .map(({ value }) => ({ value, order: ulidOf(value.signalId) }))
    .sort((a, b) => (a.order < b.order ? 1 : a.order > b.order ? -1 : 0))
    .map(({ value }) => value);

/** Partition keys come from the request: a token names the signal only. */
const keyAt = (agentId: string, box: Box, position: string): Item => ({
  ...deliveryKey(identityOf(position).signalId, agentId),
  [inboxIndex.partitionKey]: inboxKey(agentId, box),
});

/** A page is shared by four lanes at most; the token says which. */
const MAX_HELD = 8;

function isPosition(value: unknown): value is Position {
  if (!Array.isArray(value)) return isDeliverySortKey(value);
  const [after, shown] = value as readonly unknown[];
  const { until, held } = (shown ?? {}) as Partial<Shown>;
  return (
    value.length === 2 &&
    isDeliverySortKey(after) &&
    isDeliverySortKey(until) &&
    Array.isArray(held) &&
    held.length <= MAX_HELD &&
    held.every(
      (lane: unknown) =>
        lane !== null &&
        typeof lane === 'object' &&
        'sourceAgent' in lane &&
        typeof lane.sourceAgent === 'string' &&
        'isUrgent' in lane &&
        typeof lane.isUrgent === 'boolean' &&
        'shownTo' in lane &&
        isDeliverySortKey(lane.shownTo),
    )
  );
}
