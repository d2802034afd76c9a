import { createServer, request as send } from 'node:http';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemBytes } from '../../lambdas/shared/dynamodb/item-size.ts';
import { type TableSchema, tables } from '../../lambdas/shared/schema/tables.ts';

/** Units as DynamoDB bills them. */
export interface Units {
  readonly writes: number;
  readonly reads: number;
}

/** What the meter has counted since it was last read. */
export interface Metered extends Units {
  /** Of the reads, queries of decisions themselves: they grow with how many there are. */
  readonly ofDecisions: number;
}

interface Consumed {
  readonly CapacityUnits?: number;
}
interface Action {
  readonly TableName: string;
  readonly Item?: Record<string, AttributeValue>;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
}

const METERED = /^(GetItem|BatchGetItem|Query|PutItem|UpdateItem|DeleteItem|BatchWriteItem)$/;
const READS = /^(GetItem|BatchGetItem|Query)$/;

const kilobytes = (item: Record<string, AttributeValue> | undefined): number =>
  item ? Math.max(1, Math.ceil(itemBytes(unmarshall(item, { wrapNumbers: Number })) / 1024)) : 1;

/** Indexes an action writes: those whose key it names. */
function indexWrites({
  TableName,
  Item,
  UpdateExpression = '',
  ExpressionAttributeNames = {},
}: Action): number {
  const schema = Object.values(tables).find(({ name }) => TableName.includes(name)) as
    TableSchema | undefined;
  const named = `${UpdateExpression} ${Object.values(ExpressionAttributeNames).join(' ')}`;
  return Object.values(schema?.indexes ?? {}).filter(({ partitionKey }) =>
    Item ? partitionKey in Item : named.includes(partitionKey),
  ).length;
}

/**
 * What a transaction costs: twice its base writes, once its index writes. Computed, because the emulator's own figure
 * for transactions is wrong; an update of an item whose size is not in the request counts as 1 KB.
 */
export function transactionUnits(actions: readonly Readonly<Record<string, Action>>[]): number {
  return actions
    .flatMap((action) => Object.values(action))
    .reduce((sum, action) => {
      const size = kilobytes(action.Item);
      return sum + 2 * size + size * indexWrites(action);
    }, 0);
}

/** Stands between the functions and the emulator, asks for capacity with each request and adds it up. */
export class CapacityProxy {
  readonly url: string;
  readonly #close: () => void;
  #writes = 0;
  #reads = 0;
  #ofDecisions = 0;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  /** Since the start, or since this was last called. */
  take(): Metered {
    const units = { writes: this.#writes, reads: this.#reads, ofDecisions: this.#ofDecisions };
    this.#writes = 0;
    this.#reads = 0;
    this.#ofDecisions = 0;
    return units;
  }

  close(): void {
    this.#close();
  }

  #add(operation: string, asked: Record<string, unknown>, answered: Record<string, unknown>): void {
    if (operation === 'TransactWriteItems') {
      this.#writes += transactionUnits(asked['TransactItems'] as Record<string, Action>[]);
      return;
    }
    const consumed = [answered['ConsumedCapacity'] ?? []].flat() as Consumed[];
    const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    // A read that finds nothing is charged as the smallest; the emulator reports none.
    const least = asked['ConsistentRead'] === true ? 1 : 0.5;
    if (
      operation === 'Query' &&
      !asked['IndexName'] &&
      String(asked['TableName']).includes(tables.decisions.name)
    )
      this.#ofDecisions += units;
    if (READS.test(operation)) this.#reads += Math.max(units, least);
    else this.#writes += units;
  }

  static async start(endpoint: string): Promise<CapacityProxy> {
    const target = new URL(endpoint);
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const operation = String(incoming.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
        const asked = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
        if (METERED.test(operation)) asked['ReturnConsumedCapacity'] = 'TOTAL';
        const body = Buffer.from(JSON.stringify(asked));
        const forwarded = send(
          {
            host: target.hostname,
            port: target.port,
            method: incoming.method,
            path: incoming.url,
            headers: { ...incoming.headers, 'content-length': body.length },
          },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('end', () => {
              const text = Buffer.concat(parts);
              if (answer.statusCode === 200)
                proxy.#add(operation, asked, JSON.parse(text.toString()) as Record<string, unknown>);
              outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(text);
            });
          },
        );
        forwarded.on('error', () => outgoing.destroy());
        forwarded.end(body);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const proxy = new CapacityProxy(`http://127.0.0.1:${port}`, () => {
      server.close();
      server.closeAllConnections();
    });
    return proxy;
  }
}
