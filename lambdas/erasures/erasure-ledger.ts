import { GetCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedTransaction, isTransactionConflict } from '../shared/dynamodb/conditions.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import { type ErasureRecord, type ErasureSubject, type UserSession, zeroCounts } from './erasure.ts';
import {
  erasureKey,
  fromItem,
  sessionTtl,
  sessionFromItem,
  sessionKey,
  sessionsOf,
  toItem,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Beside counting what was removed: when. */
const FOUND = ', foundAt = :now';

/** Rows that go may be written by others at the same moment; DynamoDB cancels those that meet. */
const CONFLICT_TRIES = 8;

/** The record of erasures. What is removed is counted in the transaction that removes it, so a repeat doubles nothing. */
export class ErasureLedger {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async create(subject: ErasureSubject, randomPart: RandomPart): Promise<ErasureRecord> {
    const now = this.#table.clock();
    const record: ErasureRecord = {
      ...subject,
      erasureId: typedId('ERASURE', now, randomPart()),
      requestedAt: now.toISOString(),
      passes: 0,
      invocations: 0,
      rewritten: 0,
      removed: zeroCounts,
    };
    await this.#table.documents.send(new PutCommand({ TableName: this.#table.name, Item: toItem(record) }));
    return record;
  }

  async get(erasureId: string): Promise<ErasureRecord | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: erasureKey(erasureId), ConsistentRead: true }),
    );
    return Item && !isExpired(Item, this.#table.clock()) ? fromItem(Item) : undefined;
  }

  /** @returns the record as it is now */
  async begin(erasureId: string): Promise<ErasureRecord> {
    return this.#add(erasureId, { invocations: 1 });
  }

  /** A nightly run is under way. @returns the record as it is now */
  async noteRun(erasureId: string): Promise<ErasureRecord> {
    const { Attributes } = await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: erasureKey(erasureId),
        UpdateExpression: 'SET updatedAt = :now, duringRun = :true',
        ExpressionAttributeValues: { ':now': this.#table.clock().toISOString(), ':true': true },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return fromItem(Attributes!);
  }

  /** Decision types outlive the profile that named them, for the passes after. @returns all that were kept */
  async keepTypes(erasureId: string, types: readonly string[]): Promise<readonly string[]> {
    if (types.length === 0) return (await this.get(erasureId))?.decisionTypes ?? [];
    const { decisionTypes } = await this.#add(erasureId, { decisionTypes: new Set(types) });
    return decisionTypes ?? [];
  }

  /** Sessions of a user outlive what lists them, for the passes after. @returns all that were kept */
  async keepSessions(erasureId: string, sessions: readonly UserSession[]): Promise<UserSession[]> {
    for (const session of sessions)
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: sessionKey(erasureId, session),
          UpdateExpression: 'SET #ttl = :ttl',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':ttl': sessionTtl(this.#table.clock()) },
        }),
      );
    const rows = new RemovableRows(this.#table.documents, 'state', this.#table.name);
    const { partition, prefix } = sessionsOf(erasureId);
    const kept: UserSession[] = [];
    for await (const page of rows.read(partition, prefix, [])) kept.push(...page.map(sessionFromItem));
    return kept;
  }

  /**
   * Does it, and counts it, at once.
   * @returns false when somebody changed a row in between: nothing was done, the next pass finds it again
   */
  async remove(erasureId: string, { table, actions, rows }: Removal): Promise<boolean> {
    const counts = rows > 0 ? { [table]: rows } : { rewritten: actions.length };
    for (let tries = 1; ; tries++) {
      try {
        await this.#table.documents.send(
          new TransactWriteCommand({
            TransactItems: [
              ...actions,
              { Update: { TableName: this.#table.name, ...this.#addition(erasureId, counts, FOUND) } },
            ],
          }),
        );
        return true;
      } catch (error) {
        if (failedTransaction(error)) return false;
        if (tries >= CONFLICT_TRIES || !isTransactionConflict(error)) throw error;
        await sleep(Math.random() * 20 * 2 ** tries);
      }
    }
  }

  /** Objects know no transaction: they are counted once they are gone, so a worker killed in between counts too few. */
  async countArchived(erasureId: string, records: number): Promise<void> {
    await this.#add(erasureId, { archive: records }, FOUND);
  }

  /** @returns the record as it is now */
  async countPass(erasureId: string): Promise<ErasureRecord> {
    return this.#add(erasureId, { passes: 1 });
  }

  async end(erasureId: string, gaveUp?: string): Promise<void> {
    const now = this.#table.clock().toISOString();
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: erasureKey(erasureId),
        UpdateExpression: `SET updatedAt = :now, finishedAt = :now${gaveUp === undefined ? '' : ', gaveUp = :gaveUp'}`,
        ExpressionAttributeValues: { ':now': now, ...(gaveUp !== undefined && { ':gaveUp': gaveUp }) },
      }),
    );
  }

  async #add(
    erasureId: string,
    counts: Readonly<Record<string, unknown>>,
    touched?: typeof FOUND,
  ): Promise<ErasureRecord> {
    const { Attributes } = await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        ...this.#addition(erasureId, counts, touched),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return fromItem(Attributes!);
  }

  #addition(erasureId: string, counts: Readonly<Record<string, unknown>>, touched = '') {
    const names = Object.keys(counts);
    return {
      Key: erasureKey(erasureId),
      UpdateExpression: `SET updatedAt = :now${touched} ADD ${names.map((name) => `#${name} :${name}`).join(', ')}`,
      ConditionExpression: 'attribute_exists(requestedAt)',
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ':now': this.#table.clock().toISOString(),
        ...Object.fromEntries(names.map((name) => [`:${name}`, counts[name]])),
      },
    };
  }
}
