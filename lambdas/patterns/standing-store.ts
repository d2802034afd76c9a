import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { queryPartition } from '../shared/dynamodb/query-all.ts';
import { ConflictError } from '../shared/errors.ts';
import type { StandingRecord } from './standing.ts';
import { fromStandingItem, standingKey, standingPartition, toStandingItem } from './standing-table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** What an agent's own outcomes say of the patterns others offer it. A row is about 0.4 KB: one write unit. */
export class StandingStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** All of an agent's, also of patterns no longer offered; strongly consistent. */
  async ofAgent(agentId: string): Promise<StandingRecord[]> {
    return (await queryPartition(this.#table.documents, this.#table.name, standingPartition(agentId))).map(
      fromStandingItem,
    );
  }

  async get(agentId: string, owner: string, patternId: string): Promise<StandingRecord | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({
        TableName: this.#table.name,
        Key: standingKey(agentId, owner, patternId),
        ConsistentRead: true,
      }),
    );
    return Item && fromStandingItem(Item);
  }

  /** @throws ConflictError when another run changed it in between */
  async save(after: StandingRecord, before?: StandingRecord): Promise<void> {
    try {
      await this.#table.documents.send(
        new PutCommand({
          TableName: this.#table.name,
          Item: toStandingItem(after),
          ConditionExpression: before ? '#version = :version' : 'attribute_not_exists(#version)',
          ExpressionAttributeNames: { '#version': 'version' },
          ...(before && { ExpressionAttributeValues: { ':version': before.version } }),
        }),
      );
    } catch (error) {
      if (failedCondition(error))
        throw new ConflictError(`The standing of ${after.patternId} was changed by somebody else`);
      throw error;
    }
  }
}
