import {
  type DynamoDBDocumentClient,
  QueryCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY, SORT_KEY, type TableName } from '../schema/tables.ts';
import { getAll } from './batch-get.ts';
import { keyOf } from './entity.ts';

type Item = Record<string, unknown>;
type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** What an erasure does in one transaction, beside counting it. */
export interface Removal {
  readonly table: TableName;
  /** At most 99, on at most a megabyte of rows: a transaction holds 100 actions and 4 MB. */
  readonly actions: readonly Action[];
  /** Rows that are gone afterwards; the other actions take something out of a row that stays. */
  readonly rows: number;
}

/** Changed by somebody else since it was read, a row that stays is left to the erasure's next pass. */
export const isRewrite = ({ rows }: Removal): boolean => rows === 0;

/** One less than a transaction holds: the last action counts. */
const ROWS_AT_A_TIME = 99;

/** The rows of one table as an erasure finds and removes them: strongly consistent, by keys, without a Scan. */
export class RemovableRows {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: TableName;
  readonly #tableName: string;

  constructor(documents: DynamoDBDocumentClient, table: TableName, tableName: string) {
    this.#documents = documents;
    this.#table = table;
    this.#tableName = tableName;
  }

  /** Rows of a partition, a page at a time: 1 read unit for 4 KB of them, whatever is read of them. */
  async *read(partition: string, prefix = '', attributes?: readonly string[]): AsyncGenerator<Item[]> {
    let start: Item | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#tableName,
          ConsistentRead: true,
          // A megabyte ends a page too.
          Limit: ROWS_AT_A_TIME,
          KeyConditionExpression: prefix === '' ? '#pk = :pk' : '#pk = :pk AND begins_with(#sk, :prefix)',
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            ...((prefix !== '' || attributes) && { '#sk': SORT_KEY }),
            ...Object.fromEntries((attributes ?? []).map((name, i) => [`#a${i}`, name])),
          },
          ExpressionAttributeValues: { ':pk': partition, ...(prefix !== '' && { ':prefix': prefix }) },
          ...(attributes && {
            ProjectionExpression: ['#pk', '#sk', ...attributes.map((_, i) => `#a${i}`)].join(', '),
          }),
          ExclusiveStartKey: start,
        }),
      );
      if (page.Items && page.Items.length > 0) yield page.Items;
      start = page.LastEvaluatedKey;
    } while (start);
  }

  /** All rows of a partition, or those whose sort key begins so. */
  async *ofPartition(partition: string, prefix = ''): AsyncGenerator<Removal> {
    for await (const rows of this.read(partition, prefix, [])) yield this.removal(rows);
  }

  /** Those of these rows that exist. */
  async *existing(keys: readonly Item[]): AsyncGenerator<Removal> {
    for (let start = 0; start < keys.length; start += ROWS_AT_A_TIME) {
      const rows = await getAll(
        this.#documents,
        this.#tableName,
        keys.slice(start, start + ROWS_AT_A_TIME).map(keyOf),
        { attributes: [PARTITION_KEY, SORT_KEY] },
      );
      if (rows.length > 0) yield this.removal(rows);
    }
  }

  removal(rows: readonly Item[]): Removal {
    return {
      table: this.#table,
      actions: rows.map((row) => ({ Delete: { TableName: this.#tableName, Key: keyOf(row) } })),
      rows: rows.length,
    };
  }

  /** Takes something out of a row, if it still is as it was read: all of its attributes, or its version. */
  rewrite(before: Item, after: Item, guard: string): Removal {
    return {
      table: this.#table,
      rows: 0,
      actions: [
        {
          Put: {
            TableName: this.#tableName,
            Item: after,
            ConditionExpression: '#guard = :guard',
            ExpressionAttributeNames: { '#guard': guard },
            ExpressionAttributeValues: { ':guard': before[guard] },
          },
        },
      ],
    };
  }
}
