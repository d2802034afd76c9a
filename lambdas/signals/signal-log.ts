import type * as z from 'zod';
import { keyOf } from '../shared/dynamodb/entity.ts';
import type { Item, Key, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { signalRoutes } from './contract.ts';
import { fillPage } from './fill-page.ts';
import type { Delivery, PublishedSignal } from './signal.ts';
import {
  deliveriesOf,
  deliveryKey,
  fromItem,
  identityOf,
  isDeliverySortKey,
  sentIndex,
  sentKey,
  signalFromItem,
  signalPartition,
  targetsOf,
  timeRange,
} from './table.ts';

export type SentQuery = z.output<typeof signalRoutes.listSentSignals.query>;
export type TypeQuery = z.output<typeof signalRoutes.listSignalsOfType.query>;
export type TrackedSignal = ReadonlyDeep<z.output<typeof signalRoutes.getSignal.response>>;

/** Signals as their sender, their targets and operators look them up. */
export class SignalLog {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * One signal and how far each target has come, strongly consistent. A target sees of the others only their status.
   *
   * @throws NotFoundError absent, expired, or neither sent by nor to this agent
   */
  async read(agentId: string, signalId: string): Promise<TrackedSignal> {
    const range = deliveriesOf(signalId);
    const items = range ? await this.#table.queryAll(range) : [];
    const now = this.#table.clock();
    const deliveries = items.map((item) => fromItem(item, now));
    const first = items[0];
    if (!first || !deliveries.some((one) => agentId === one.sourceAgent || agentId === one.targetAgent))
      throw new NotFoundError(`No signal ${signalId} was sent by or to ${agentId}`);
    return {
      ...signalFromItem(first),
      deliveries: deliveries.map((delivery) => {
        const { sourceAgent, targetAgent, status, attempt, leaseUntil, processedAt, decisionId, note } =
          delivery;
        return agentId === sourceAgent || agentId === targetAgent
          ? { targetAgent, status, attempt, leaseUntil, processedAt, decisionId, note }
          : { targetAgent, status };
      }),
    };
  }

  /** Signals an agent sent and that have not expired, newest first. The index holds keys only; the items are then read. */
  async sent(agentId: string, { maxResults, nextToken }: SentQuery) {
    const page = await fillPage<PublishedSignal>({
      scope: { list: 'sent', agentId },
      maxResults,
      nextToken,
      keyAt: (position) => ({ ...keyAt(position), [sentIndex.partitionKey]: sentKey(agentId) }),
      read: async (start, limit) => {
        const { items, last } = await this.#table.query({
          partition: sentKey(agentId),
          index: sentIndex,
          descending: true,
          limit: Math.min(limit, 100),
          start,
        });
        const signals = await this.#signalsAt(items.map(keyOf));
        return {
          last,
          entries: items.map((item) => {
            const sortKey = String(item[SORT_KEY]);
            return { sortKey, value: signals.get(sortKey) };
          }),
        };
      },
    });
    return { ...page, consistency: 'eventual' as const };
  }

  /** Deliveries of one type across agents with `from ≤ timestamp ≤ to`, newest first, strongly consistent. */
  async ofType({ signalType, from, to, maxResults, nextToken }: TypeQuery) {
    if (from !== undefined && to !== undefined && from > to)
      throw ValidationFailedError.at('from', 'must not be after to');
    const partition = signalPartition(signalType);
    const range = timeRange(from, to);
    return fillPage<Delivery>({
      scope: { list: 'type', signalType, from, to },
      maxResults,
      nextToken,
      // DynamoDB refuses to start outside of the range it is asked for.
      isPosition: (value): value is string =>
        isDeliverySortKey(value) &&
        keyAt(value)?.[PARTITION_KEY] === partition &&
        value >= range.from &&
        value <= range.to,
      keyAt: (position) => ({ [PARTITION_KEY]: partition, [SORT_KEY]: position }),
      read: async (start, limit) => {
        const { items, last } = await this.#table.query({
          partition,
          sort: range,
          descending: true,
          limit,
          start,
        });
        const now = this.#table.clock();
        return {
          last,
          entries: items.map((item) => ({ sortKey: String(item[SORT_KEY]), value: fromItem(item, now) })),
        };
      },
    });
  }

  /** At most 100 signals, by the sort keys of their first deliveries; strongly consistent, so none is missed. */
  async #signalsAt(keys: readonly Key[]): Promise<Map<string, PublishedSignal>> {
    const items = await this.#table.getAll(keys);
    return new Map(
      items.map((item: Item) => [
        String(item[SORT_KEY]),
        { ...signalFromItem(item), ...(targetsOf(item) ?? { targetAgents: [], targetCount: 0 }) },
      ]),
    );
  }
}

function keyAt(sortKey: string): Key | undefined {
  const { signalId, targetAgent } = identityOf(sortKey);
  return deliveryKey(signalId, targetAgent);
}
