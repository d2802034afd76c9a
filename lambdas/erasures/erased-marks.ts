import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Clock, isExpired } from '../shared/platform/clock.ts';
import { markKey, nameOfMark, toMark } from './table.ts';

export const sessionMark = (agentId: string, sessionId: string): string => `${agentId}#${sessionId}`;

/** Which agents and sessions were erased lately. A session's mark is `{agentId}#{sessionId}`. */
export class ErasedMarks {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(documents: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#documents = documents;
    this.#table = table;
    this.#clock = clock;
  }

  /** 1 write unit. */
  async mark(name: string): Promise<void> {
    await this.#documents.send(new PutCommand({ TableName: this.#table, Item: toMark(name, this.#clock()) }));
  }

  /** When each of them was erased, of those that were; 1 read unit each, strongly consistent. */
  async of(names: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const items = await getAll(this.#documents, this.#table, [...new Set(names)].map(markKey));
    const now = this.#clock();
    return new Map(
      items.filter((item) => !isExpired(item, now)).map((item) => [nameOfMark(item), String(item['at'])]),
    );
  }
}
