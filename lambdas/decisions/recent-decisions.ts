import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Clock, isExpired } from '../shared/platform/clock.ts';
import type { Decision, DecisionReference, DecisionSummary } from './decision.ts';
import { decisionIndexes, decisionKey, fromItem, summaryQuery, timelineKey, toSummary } from './table.ts';

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

  /** Newest first, from the timeline index (eventually consistent): about 25 RRU for a thousand. */
  async newest(agentId: string, most: number): Promise<DecisionSummary[]> {
    const query = summaryQuery(this.#table, {
      index: decisionIndexes.timeline,
      key: timelineKey(agentId),
    });
    const now = this.#clock();
    const found: DecisionSummary[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({ ...query!, Limit: most - found.length, ExclusiveStartKey: start }),
      );
      found.push(...(page.Items ?? []).filter((item) => !isExpired(item, now)).map(toSummary));
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
