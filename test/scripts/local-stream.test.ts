import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MappingSpec } from '../../scripts/local/assembly.ts';
import { Checkpoint, type RecordSource, StreamMapping } from '../../scripts/local/stream-mapping.ts';
import { type Position, type StreamRecord, TableStream } from '../../scripts/local/table-stream.ts';
import { workDirectory } from '../support/paths.ts';

const record = (n: number): StreamRecord => ({
  eventName: 'INSERT',
  dynamodb: { SequenceNumber: String(n) },
});

const spec = (overrides: Partial<MappingSpec> = {}): MappingSpec => ({
  id: 'relay',
  functionArn: 'relay',
  sourceArn: 'stream',
  batchSize: 10,
  maxConcurrency: 1,
  partialFailures: true,
  bisect: false,
  maxRetries: 2,
  filters: [],
  ...overrides,
});

describe('a stream mapping', () => {
  let directory = '';
  let checkpoints: string[] = [];
  let seen: string[][] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(workDirectory(), 'stream-'));
    checkpoints = [];
    seen = [];
  });

  /** Runs a mapping over five records until the source was asked for more. */
  async function run(
    handler: (sequenceNumbers: string[]) => unknown,
    overrides: Partial<MappingSpec> = {},
    checkpoint: (position: Position) => void = ({ sequenceNumber }) => void checkpoints.push(sequenceNumber),
  ): Promise<void> {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let reads = 0;
    const source: RecordSource = {
      read: async () => {
        if (reads++ === 0) return { shardId: 's', records: [1, 2, 3, 4, 5].map(record) };
        finish();
        return undefined;
      },
    };
    const mapping = new StreamMapping(spec(overrides), source, {
      invoke: async (_, event) => {
        const numbers = (event as { Records: StreamRecord[] }).Records.map((r) => r.dynamodb.SequenceNumber);
        seen.push(numbers);
        return JSON.stringify((await handler(numbers)) ?? null);
      },
      checkpoint,
      failuresDirectory: join(directory, 'failures'),
      log: () => undefined,
      retryMs: 1,
    });
    mapping.start();
    await finished;
    await mapping.stop();
  }

  const failing = (number: string) => (numbers: string[]) => ({
    batchItemFailures: numbers.includes(number) ? [{ itemIdentifier: number }] : [],
  });

  it('moves its position only once the function has succeeded', async () => {
    await run(() => {
      expect(checkpoints).toEqual([]);
    });
    expect([seen, checkpoints]).toEqual([[['1', '2', '3', '4', '5']], ['5']]);
  });

  it('tries again from the first record that failed', async () => {
    let failures = 0;
    await run((numbers) => (failures++ < 1 ? failing('3')(numbers) : undefined));
    expect([seen, checkpoints]).toEqual([
      [
        ['1', '2', '3', '4', '5'],
        ['3', '4', '5'],
      ],
      ['2', '5'],
    ]);
  });

  it('puts a record aside that keeps failing, whole, and goes on behind it', async () => {
    await run(failing('3'));
    expect(readdirSync(join(directory, 'failures'))).toEqual(['3.json']);
    expect(seen.at(-1)).toEqual(['4', '5']);
    expect(checkpoints.at(-1)).toBe('5');
  });

  it('bisects a batch the function throws at, and puts aside only the poison', async () => {
    await run(
      (numbers) => {
        if (numbers.includes('4')) throw new Error('poison');
      },
      { bisect: true, partialFailures: false },
    );
    expect(readdirSync(join(directory, 'failures'))).toEqual(['4.json']);
    const delivered = seen.filter((numbers) => !numbers.includes('4')).flat();
    expect(delivered).toEqual(['1', '2', '3', '5']);
  });

  it('takes the whole batch for failed when the function names a stranger', async () => {
    let first = true;
    await run(() => {
      if (!first) return undefined;
      first = false;
      return { batchItemFailures: [{ itemIdentifier: 'x' }] };
    });
    expect(seen).toHaveLength(2);
  });

  it('delivers a batch again whose position could not be written', async () => {
    let written = 0;
    await run(
      () => undefined,
      {},
      () => {
        if (written++ === 0) throw new Error('disk full');
      },
    );
    expect(seen).toEqual([
      ['1', '2', '3', '4', '5'],
      ['1', '2', '3', '4', '5'],
    ]);
  });

  it('keeps a position for its own stream only', () => {
    const checkpoint = new Checkpoint(directory, 'c');
    expect(checkpoint.read('stream-1')).toBeUndefined();
    checkpoint.write('stream-1', { shardId: 's', sequenceNumber: '7' });
    expect(new Checkpoint(directory, 'c').read('stream-1')).toMatchObject({
      shardId: 's',
      sequenceNumber: '7',
    });
    expect(checkpoint.read('stream-2')).toBeUndefined();
  });
});

/** The emulator's stream alone would say `{}` of the maps. */
const EMPTIES = {
  M: {
    map: { M: {} },
    list: { L: [{ M: {} }, { L: [] }] },
    text: { S: '' },
    M: { M: { S: { BOOL: false } } },
  },
};

describe('the stream of a table', () => {
  const client = new DynamoDBClient({});
  const streams = new DynamoDBStreamsClient({ endpoint: process.env['AWS_ENDPOINT_URL_DYNAMODB'] });
  const TableName = `stream-${process.pid}`;
  let streamArn = '';
  const put = (id: string) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item: { PK: { S: id }, bytes: { B: Buffer.from('ab') }, data: EMPTIES },
      }),
    );

  beforeAll(async () => {
    const { TableDescription } = await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'PK', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'PK', AttributeType: 'S' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      }),
    );
    streamArn = TableDescription!.LatestStreamArn!;
  });
  afterAll(() => {
    client.destroy();
    streams.destroy();
  });

  const readAll = async (stream: TableStream) => {
    const records: StreamRecord[] = [];
    let position: Position | undefined;
    for (let reads = 0; reads < 3; reads++) {
      const read = await stream.read(2);
      if (!read) continue;
      records.push(...read.records);
      const last = read.records.at(-1);
      if (last) position = { shardId: read.shardId, sequenceNumber: last.dynamodb.SequenceNumber };
    }
    return { records, position };
  };

  it('reads on where an earlier reader stopped, in the form Lambda hands records over', async () => {
    await put('1');
    await put('2');
    await put('3');
    const first = await readAll(new TableStream(streams, streamArn, 'arn:source'));
    expect(first.records).toHaveLength(3);
    expect(first.records[0]).toMatchObject({
      eventName: 'INSERT',
      eventSourceARN: 'arn:source',
      dynamodb: {
        Keys: { PK: { S: '1' } },
        NewImage: { bytes: { B: 'YWI=' }, data: EMPTIES },
        ApproximateCreationDateTime: expect.any(Number),
      },
    });
    await put('4');
    const second = await readAll(new TableStream(streams, streamArn, 'arn:source', first.position));
    expect(second.records).toMatchObject([{ dynamodb: { Keys: { PK: { S: '4' } } } }]);
  });
});
