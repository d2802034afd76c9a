import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { type Clock, isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Decision } from './decision.ts';
import { decisionPartition, fromItem } from './table.ts';

export interface WindowRequest {
  readonly agentId: string;
  readonly decisionType: string;
  /** Exclusive, UTC ISO-8601 in milliseconds. */
  readonly after: string;
  /** Inclusive. */
  readonly until: string;
}

export interface DecisionPage {
  readonly decisions: readonly Decision[];
  /** Read units this page cost. */
  readonly readUnits: number;
}

/**
 * Every decision of one agent and type within a window, newest first, page by page, strongly consistent and from the
 * base partition: outcomes move items between index partitions, so a paged index read can miss or double them.
 */
export class DecisionWindow {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(documents: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#documents = documents;
    this.#table = table;
    this.#clock = clock;
  }

  async *pages({ agentId, decisionType, after, until }: WindowRequest): AsyncGenerator<DecisionPage> {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          ConsistentRead: true,
          ScanIndexForward: false,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :after AND :until',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: {
            ':pk': decisionPartition(agentId, decisionType),
            // '~' sorts after every character of an id, so these bound whole milliseconds.
            ':after': `${after}#~`,
            ':until': `${until}#~`,
          },
          ExclusiveStartKey: start,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      const now = this.#clock();
      yield {
        decisions: (page.Items ?? []).filter((item) => !isExpired(item, now)).map(fromItem),
        readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
      };
      start = page.LastEvaluatedKey;
    } while (start);
  }
}
