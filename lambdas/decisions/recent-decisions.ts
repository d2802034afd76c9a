import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { isExpired } from '../shared/platform/clock.ts';
import type { Decision, DecisionReference } from './decision.ts';
import {
  decisionIndexes,
  decisionKey,
  fromItem,
  LISTED_PROJECTION,
  type ListedDecision,
  summaryQuery,
  timelineKey,
  toListed,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** An agent's newest decisions of any type, and whole decisions by id. */
export class RecentDecisions {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Newest first, what they are now, from the timeline index (eventually consistent): about 25 RRU for a thousand. Five
   * attributes of each cost what all of them do, and take half the time to come and be unpacked.
   */
  async newest(agentId: string, most: number): Promise<ListedDecision[]> {
    const query = summaryQuery(this.#table.name, {
      index: decisionIndexes.timeline,
      key: timelineKey(agentId),
    })!;
    const now = this.#table.clock();
    const found: ListedDecision[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          ...query,
          ...LISTED_PROJECTION,
          ExpressionAttributeNames: {
            ...query.ExpressionAttributeNames,
            ...LISTED_PROJECTION.ExpressionAttributeNames,
          },
          Limit: most - found.length,
          ExclusiveStartKey: start,
        }),
      );
      found.push(...(page.Items ?? []).filter((item) => !isExpired(item, now)).map(toListed));
      start = page.LastEvaluatedKey;
    } while (start && found.length < most);
    return found;
  }

  /** Those that exist, in no particular order, strongly consistent: 1 RRU each for up to 4 KB. */
  async read(references: readonly DecisionReference[]): Promise<Decision[]> {
    const keys = references.flatMap((reference) => decisionKey(reference) ?? []);
    const now = this.#table.clock();
    return (await getAll(this.#table.documents, this.#table.name, keys))
      .filter((item) => !isExpired(item, now))
      .map(fromItem);
  }
}
