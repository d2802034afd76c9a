import { QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Decision, DecisionMark } from './decision.ts';
import { decisionPartition, fromItem, MARK_PROJECTION, toMark } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

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

type Narrowed = Partial<
  Pick<QueryCommandInput, 'ProjectionExpression' | 'ExpressionAttributeNames' | 'Limit' | 'ConsistentRead'>
>;

/**
 * Every decision of one agent and type within a window, newest first, page by page, strongly consistent (unless said
 * otherwise) and from the base partition: outcomes move items between index partitions, so a paged index read can miss or double them.
 */
export class DecisionWindow {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async *pages(request: WindowRequest): AsyncGenerator<DecisionPage> {
    for await (const { items, readUnits } of this.#items(request))
      yield { decisions: items.map(fromItem), readUnits };
  }

  /**
   * The newest of these decisions in one query, eventually consistent: 0.125 read units a KB. What was written in the
   * last second may be missing, and be older than it is; for whoever reads again what matters.
   */
  async newest(request: WindowRequest, most: number): Promise<readonly Decision[]> {
    const page = await this.#items(request, { Limit: most, ConsistentRead: false }).next();
    return page.done ? [] : page.value.items.map(fromItem);
  }

  /**
   * The same decisions with nothing in them but when they were made and how they ended: no context of another agent
   * leaves the table. It costs what the whole items cost, 0.25 read units a KB.
   * @param pageSize items a query reads, where few are wanted. @default as many as fit a megabyte
   */
  async *marks(request: WindowRequest, pageSize?: number): AsyncGenerator<readonly DecisionMark[]> {
    for await (const { items } of this.#items(request, { ...MARK_PROJECTION, Limit: pageSize }))
      yield items.map(toMark);
  }

  async *#items({ agentId, decisionType, after, until }: WindowRequest, narrowed: Narrowed = {}) {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          ScanIndexForward: false,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :after AND :until',
          ...narrowed,
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            '#sk': SORT_KEY,
            ...narrowed.ExpressionAttributeNames,
          },
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
      const now = this.#table.clock();
      yield {
        items: (page.Items ?? []).filter((item) => !isExpired(item, now)),
        readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
      };
      start = page.LastEvaluatedKey;
    } while (start);
  }
}
