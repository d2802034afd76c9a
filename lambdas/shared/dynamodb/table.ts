import { randomUUID } from 'node:crypto';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { type Clock, isExpired, systemClock } from '../platform/clock.ts';
import { InvocationDeadline } from '../platform/invocation-deadline.ts';
import { type PARTITION_KEY, type SORT_KEY } from '../schema/tables.ts';
import { type FailedCondition, failedCondition, failedTransaction } from './conditions.ts';
import { type Expression, hasVersion, isAbsent, namesAndValues } from './expressions.ts';
import { consistency, keyCondition, projection, type Query, type ReadOptions } from './query.ts';
import { type Deadline, untilDone, withRetries } from './retries.ts';

export type Item = Record<string, unknown>;
export type Key = { readonly [PARTITION_KEY]: string; readonly [SORT_KEY]: string };

/** One action of a transaction, made by a table's `actions`; actions of several tables go into one transaction. */
export type TransactAction = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

export interface Page {
  readonly items: Item[];
  /** Where the next page goes on; undefined at the end. */
  readonly last: Item | undefined;
}

/** DynamoDB takes this many keys, or items, a call. */
const KEYS_PER_CALL = 100;
const ITEMS_PER_CALL = 25;

export interface UpdateOptions {
  readonly condition?: Expression;
  /** Attributes to answer with. @default none of them */
  readonly returns?: 'ALL_NEW' | 'UPDATED_NEW' | 'ALL_OLD';
}

export interface UpdateResult {
  /** The attributes asked for; empty without any, and when the condition failed. */
  readonly item: Item;
  /** The item that the condition found, when it failed. */
  readonly failed: FailedCondition | undefined;
}

/**
 * One of the four tables, as every service uses it. Reads drop what has expired; writes say what their condition found
 * instead of throwing. The only place that retries: within the time the invocation has, then it gives up with
 * ThrottledError or UnavailableError. Units: a read costs 1 for 4 KB (half when eventual), a write 1 for 1 KB, in a
 * transaction 2.
 */
export class Table {
  readonly name: string;
  readonly clock: Clock;
  readonly #documents: DynamoDBDocumentClient;
  readonly #deadline: Deadline;

  /** @param deadline of the invocation; default: outside of one, there is none */
  constructor(
    documents: DynamoDBDocumentClient,
    name: string,
    clock: Clock = systemClock,
    deadline: Deadline = new InvocationDeadline(),
  ) {
    this.#documents = documents;
    this.name = name;
    this.clock = clock;
    this.#deadline = deadline;
  }

  async get(key: Key, options: ReadOptions = {}): Promise<Item | undefined> {
    const { Item } = await this.#try((timeout) =>
      this.#documents.send(
        new GetCommand({ TableName: this.name, Key: key, ...consistency(options), ...projection(options) }),
        timeout,
      ),
    );
    return Item && this.#isShown(Item, options) ? Item : undefined;
  }

  /** The items that exist under these keys (all different), in no particular order. */
  async getAll(keys: readonly Key[], options: ReadOptions = {}): Promise<Item[]> {
    const found: Item[] = [];
    const read = async (some: readonly Key[]): Promise<readonly Key[]> => {
      const { Responses, UnprocessedKeys } = await this.#try((timeout) =>
        this.#documents.send(
          new BatchGetCommand({
            RequestItems: {
              [this.name]: { Keys: [...some], ...consistency(options), ...projection(options) },
            },
          }),
          timeout,
        ),
      );
      found.push(...(Responses?.[this.name] ?? []));
      return (UnprocessedKeys?.[this.name]?.Keys ?? []) as Key[];
    };
    await Promise.all(chunksOf(keys, KEYS_PER_CALL).map((some) => untilDone(this.#deadline, some, read)));
    return found.filter((item) => this.#isShown(item, options));
  }

  /** One page of a query. It may hold less than `limit`, even nothing, and still not be the last. */
  async query(query: Query): Promise<Page> {
    const { partition, index, sort, descending, limit, filter, start } = query;
    const keys = keyCondition(index, partition, sort);
    const shown = projection(query, index !== undefined);
    const { names, values } = namesAndValues([keys, filter]);
    const { Items = [], LastEvaluatedKey } = await this.#try((timeout) =>
      this.#documents.send(
        new QueryCommand({
          TableName: this.name,
          ...(index ? { IndexName: index.name } : consistency(query)),
          ...(descending && { ScanIndexForward: false }),
          ...(limit !== undefined && { Limit: limit }),
          KeyConditionExpression: keys.expression,
          ...(filter && { FilterExpression: filter.expression }),
          ...shown,
          ExpressionAttributeNames: { ...names, ...shown?.ExpressionAttributeNames },
          ExpressionAttributeValues: values,
          ...(start && { ExclusiveStartKey: start }),
        }),
        timeout,
      ),
    );
    return { items: Items.filter((item) => this.#isShown(item, query)), last: LastEvaluatedKey };
  }

  /** The pages of a query, one after the other, as they are asked for. */
  async *pages(query: Query): AsyncGenerator<Item[], void, undefined> {
    let start = query.start;
    do {
      const { items, last } = await this.query({ ...query, ...(start && { start }) });
      yield items;
      start = last;
    } while (start);
  }

  /** Everything a query finds. For what fits into memory. */
  async queryAll(query: Query): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.pages(query)) items.push(...page);
    return items;
  }

  /** Puts an item over what is there. */
  async put(item: Item): Promise<void> {
    await this.#try((timeout) =>
      this.#documents.send(new PutCommand({ TableName: this.name, Item: item }), timeout),
    );
  }

  /** @returns what the condition found, when the item was not put */
  async putIf(item: Item, condition: Expression): Promise<FailedCondition | undefined> {
    return this.#unless((timeout) =>
      this.#documents.send(
        new PutCommand({ TableName: this.name, Item: item, ...conditional(condition) }),
        timeout,
      ),
    );
  }

  /** @returns what is there, when the item was not put */
  putIfNew(item: Item): Promise<FailedCondition | undefined> {
    return this.putIf(item, isAbsent);
  }

  /** @param version of the item it takes the place of; undefined: there is none */
  putIfVersion(item: Item, version: number | undefined): Promise<FailedCondition | undefined> {
    return this.putIf(item, hasVersion(version));
  }

  /**
   * Puts items (all with different keys) over whatever is there: neither atomic nor ordered. Costs what single puts do,
   * in a twenty-fifth of the requests.
   *
   * @throws ThrottledError when DynamoDB keeps leaving items unprocessed; some are then written and some are not
   */
  async putAll(items: readonly Item[]): Promise<void> {
    const write = async (some: readonly Item[]): Promise<readonly Item[]> => {
      const { UnprocessedItems } = await this.#try((timeout) =>
        this.#documents.send(
          new BatchWriteCommand({
            RequestItems: { [this.name]: some.map((item) => ({ PutRequest: { Item: item } })) },
          }),
          timeout,
        ),
      );
      return (UnprocessedItems?.[this.name] ?? []).flatMap(({ PutRequest }) => PutRequest?.Item ?? []);
    };
    await Promise.all(chunksOf(items, ITEMS_PER_CALL).map((some) => untilDone(this.#deadline, some, write)));
  }

  /**
   * Deletes the items under these keys (all different), 25 at a time: neither atomic nor ordered.
   *
   * @throws ThrottledError when DynamoDB keeps leaving keys unprocessed; some are then gone and some are not
   */
  async deleteAll(keys: readonly Key[]): Promise<void> {
    const write = async (some: readonly Key[]): Promise<readonly Key[]> => {
      const { UnprocessedItems } = await this.#try((timeout) =>
        this.#documents.send(
          new BatchWriteCommand({
            RequestItems: { [this.name]: some.map((key) => ({ DeleteRequest: { Key: key } })) },
          }),
          timeout,
        ),
      );
      const left = UnprocessedItems?.[this.name] ?? [];
      return left.flatMap(({ DeleteRequest }) => (DeleteRequest?.Key as Key | undefined) ?? []);
    };
    for (const some of chunksOf(keys, ITEMS_PER_CALL)) await untilDone(this.#deadline, some, write);
  }

  /** Changes an item, or makes it. @returns what the condition found, when nothing was changed */
  async update(key: Key, change: Expression, options: UpdateOptions = {}): Promise<UpdateResult> {
    const { condition, returns } = options;
    try {
      const { Attributes } = await this.#try((timeout) =>
        this.#documents.send(
          new UpdateCommand({
            TableName: this.name,
            Key: key,
            UpdateExpression: change.expression,
            ...conditional(condition, change),
            ...(returns && { ReturnValues: returns }),
          }),
          timeout,
        ),
      );
      return { item: Attributes ?? {}, failed: undefined };
    } catch (error) {
      const failed = failedCondition(error);
      if (!failed) throw error;
      return { item: {}, failed };
    }
  }

  /** Deletes an item, or does nothing when there is none. */
  async delete(key: Key): Promise<void> {
    await this.#try((timeout) =>
      this.#documents.send(new DeleteCommand({ TableName: this.name, Key: key }), timeout),
    );
  }

  /** @returns what the condition found, when nothing was deleted */
  async deleteIf(key: Key, condition: Expression): Promise<FailedCondition | undefined> {
    return this.#unless((timeout) =>
      this.#documents.send(
        new DeleteCommand({ TableName: this.name, Key: key, ...conditional(condition) }),
        timeout,
      ),
    );
  }

  /** Actions on this table for a transaction. */
  readonly actions = {
    put: (item: Item, condition?: Expression): TransactAction => ({
      Put: { TableName: this.name, Item: item, ...conditional(condition) },
    }),
    update: (key: Key, change: Expression, condition?: Expression): TransactAction => ({
      Update: {
        TableName: this.name,
        Key: key,
        UpdateExpression: change.expression,
        ...conditional(condition, change),
      },
    }),
    delete: (key: Key, condition?: Expression): TransactAction => ({
      Delete: { TableName: this.name, Key: key, ...conditional(condition) },
    }),
  };

  /**
   * All of the actions or none: at most 100, on at most 4 MB. Sent again after a lost answer it is done once.
   * @returns for each action what its condition found, when a condition failed; undefined when all was written
   */
  async transact(
    actions: readonly TransactAction[],
  ): Promise<readonly (FailedCondition | undefined)[] | undefined> {
    const command = { TransactItems: [...actions], ClientRequestToken: randomUUID() };
    try {
      await this.#try((timeout) => this.#documents.send(new TransactWriteCommand(command), timeout));
      return undefined;
    } catch (error) {
      const failed = failedTransaction(error);
      if (!failed) throw error;
      return failed;
    }
  }

  #isShown(item: Item, { keepExpired }: ReadOptions): boolean {
    return keepExpired === true || !isExpired(item, this.clock());
  }

  #try<Answer>(call: (options: { readonly requestTimeout: number }) => Promise<Answer>): Promise<Answer> {
    return withRetries(this.#deadline, (requestTimeout) => call({ requestTimeout }));
  }

  async #unless(
    call: (options: { readonly requestTimeout: number }) => Promise<unknown>,
  ): Promise<FailedCondition | undefined> {
    try {
      await this.#try(call);
      return undefined;
    } catch (error) {
      const failed = failedCondition(error);
      if (!failed) throw error;
      return failed;
    }
  }
}

/** A condition, with the names and values of the change beside it; a failed one tells what it found, free of charge. */
function conditional(condition: Expression | undefined, change?: Expression) {
  const { names, values } = namesAndValues([change, condition]);
  return {
    ...(condition && {
      ConditionExpression: condition.expression,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    }),
    ...(names && { ExpressionAttributeNames: names }),
    ...(values && { ExpressionAttributeValues: values }),
  };
}

const chunksOf = <Part>(parts: readonly Part[], size: number): Part[][] =>
  Array.from({ length: Math.ceil(parts.length / size) }, (_, i) => parts.slice(i * size, (i + 1) * size));
