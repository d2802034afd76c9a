import type { Table } from '../shared/dynamodb/table.ts';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { type IndexSchema, PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { seenPartition } from './seen-signals.ts';
import {
  deliveriesOf,
  identityOf,
  inboxIndex,
  inboxKey,
  type Item,
  sentIndex,
  sentKey,
  subscriberKey,
  subscriptionsKey,
  targetsOf,
} from './table.ts';

/** Deliveries handed on at a time; each is a transaction of its own. */
const PAGE = 99;

/**
 * What an agent sent, all targets' copies of it, and what was sent to it. The first delivery of a signal carries what
 * its sender's list and token need: where that one goes and others stay, the next one takes it over.
 */
export class SignalErasure {
  readonly #signals: Table;
  readonly #state: Table;
  readonly #deliveries: RemovableRows;
  readonly #rows: RemovableRows;

  constructor(signals: Table, state: Table) {
    this.#signals = signals;
    this.#state = state;
    this.#deliveries = new RemovableRows(signals, 'signals');
    this.#rows = new RemovableRows(state, 'state');
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for await (const firsts of this.#index(sentIndex, sentKey(agentId)))
      for (const first of firsts) yield* this.#sent(first);
    for (const box of ['open', 'closed'] as const)
      for await (const deliveries of this.#index(inboxIndex, inboxKey(agentId, box)))
        for (const removal of await this.#received(deliveries)) yield removal;
    yield* this.#rows.ofPartition(seenPartition(agentId));
    yield* this.#subscriptions(agentId);
  }

  async *#sent(first: Item): AsyncGenerator<Removal> {
    const range = deliveriesOf(identityOf(String(first[SORT_KEY])).signalId);
    if (range) yield* this.#deliveries.ofPartition(range.partition, range.sortKeyPrefix);
  }

  /** Held against the table: an index may still show what is gone. */
  async #received(listed: readonly Item[]): Promise<Removal[]> {
    const rows = await getAll(this.#signals.documents, this.#signals.name, listed.map(keyOf));
    const alone = rows.filter((row) => targetsOf(row)?.length === 1);
    const removals = alone.length > 0 ? [this.#deliveries.removal(alone)] : [];
    for (const row of rows) if (!alone.includes(row)) removals.push(await this.#oneOfSeveral(row));
    return removals;
  }

  /** Takes a delivery, and its target's name from the row that lists them: the first one, or the next if that goes. */
  async #oneOfSeveral(row: Item): Promise<Removal> {
    const { signalId, targetAgent } = identityOf(String(row[SORT_KEY]));
    const range = deliveriesOf(signalId)!;
    const { Items = [] } = await this.#signals.documents.send(
      new QueryCommand({
        TableName: this.#signals.name,
        ConsistentRead: true,
        Limit: 2,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': range.partition, ':prefix': range.sortKeyPrefix },
      }),
    );
    const [first, second] = Items;
    const gone = this.#deliveries.removal([row]);
    const heir = first?.[SORT_KEY] === row[SORT_KEY] ? second : first;
    const named = first && targetsOf(first);
    if (!heir || !named) return gone;
    return {
      ...gone,
      actions: [
        ...gone.actions,
        {
          Update: {
            TableName: this.#signals.name,
            Key: keyOf(heir),
            // Gone meanwhile, it must not come back as half a row.
            ConditionExpression: 'attribute_exists(sourceAgent)',
            UpdateExpression: 'SET sentKey = :sentKey, payloadHash = :payloadHash, targetAgents = :targets',
            ExpressionAttributeValues: {
              ':sentKey': first['sentKey'],
              ':payloadHash': first['payloadHash'],
              ':targets': named.filter((target) => target !== targetAgent),
            },
          },
        },
      ],
    };
  }

  async *#subscriptions(agentId: string): AsyncGenerator<Removal> {
    const { Item } = await this.#signals.documents.send(
      new GetCommand({ TableName: this.#state.name, Key: subscriptionsKey(agentId), ConsistentRead: true }),
    );
    if (!Item) return;
    const types = Item['signalTypes'] as readonly string[];
    yield* this.#rows.existing([
      ...types.map((signalType) => subscriberKey(signalType, agentId)),
      subscriptionsKey(agentId),
    ]);
  }

  async *#index(index: IndexSchema, key: string): AsyncGenerator<Item[]> {
    let start: Item | undefined;
    do {
      const page = await this.#signals.documents.send(
        new QueryCommand({
          TableName: this.#signals.name,
          IndexName: index.name,
          Limit: PAGE,
          KeyConditionExpression: '#key = :key',
          ExpressionAttributeNames: { '#key': index.partitionKey },
          ExpressionAttributeValues: { ':key': key },
          ExclusiveStartKey: start,
        }),
      );
      if (page.Items && page.Items.length > 0) yield page.Items;
      start = page.LastEvaluatedKey;
    } while (start);
  }
}

const keyOf = (item: Item): Item => ({
  [PARTITION_KEY]: item[PARTITION_KEY],
  [SORT_KEY]: item[SORT_KEY],
});
