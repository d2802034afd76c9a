import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Clock, isExpired } from '../shared/platform/clock.ts';
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

/** An agent's newest decisions of any type, and whole decisions by id. */
export class RecentDecisions {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(documents: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#documents = documents;
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Newest first, what they are now, from the timeline index (eventually consistent): about 25 RRU for a thousand. Five
   * attributes of each cost what all of them do, and take half the time to come and be unpacked.
   */
  async newest(agentId: string, most: number): Promise<ListedDecision[]> {
    const query = summaryQuery(this.#table, {
      index: decisionIndexes.timeline,
      key: timelineKey(agentId),
    })!;
    const now = this.#clock();
    const found: ListedDecision[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
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
    const now = this.#clock();
    return (await getAll(this.#documents, this.#table, keys))
      .filter((item) => !isExpired(item, now))
      .map(fromItem);
  }
}
