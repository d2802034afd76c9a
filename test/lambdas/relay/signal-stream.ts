import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { StalledBatchError } from '../../../lambdas/shared/platform/stream-batch.ts';
import { tableName } from '../../support/tables.ts';

/** The real stream of this file's signals table (the emulator has one shard a table), read as Lambda reads it: in batches, from a checkpoint. */
export class SignalStream {
  readonly #streams = new DynamoDBStreamsClient({ endpoint: process.env['AWS_ENDPOINT_URL_DYNAMODB'] });
  readonly #tables = new DynamoDBClient({});
  /** Everything up to here was handled. */
  #checkpoint: string | undefined;

  /** Records after the checkpoint, oldest first. */
  async pending(): Promise<DynamoDBRecord[]> {
    const { Table } = await this.#tables.send(new DescribeTableCommand({ TableName: tableName('signals') }));
    const StreamArn = Table!.LatestStreamArn!;
    const { StreamDescription } = await this.#streams.send(new DescribeStreamCommand({ StreamArn }));
    const records: DynamoDBRecord[] = [];
    for (const { ShardId } of StreamDescription!.Shards!) {
      let { ShardIterator } = await this.#streams.send(
        new GetShardIteratorCommand({
          StreamArn,
          ShardId,
          ShardIteratorType: this.#checkpoint ? 'AFTER_SEQUENCE_NUMBER' : 'TRIM_HORIZON',
          SequenceNumber: this.#checkpoint,
        }),
      );
      while (ShardIterator) {
        const { Records = [], NextShardIterator } = await this.#streams.send(
          new GetRecordsCommand({ ShardIterator }),
        );
        // Lambda hands over JSON.
        records.push(...(JSON.parse(JSON.stringify(Records)) as DynamoDBRecord[]));
        if (Records.length === 0) break;
        ShardIterator = NextShardIterator;
      }
    }
    return records;
  }

  /** Starts at the present. */
  async skip(): Promise<void> {
    const records = await this.pending();
    this.#checkpoint = records.at(-1)?.dynamodb?.SequenceNumber ?? this.#checkpoint;
  }

  /**
   * One batch: read, handle, checkpoint up to the first failure.
   *
   * @param kill ends the consumer between handling and checkpoint
   * @returns how many records were handled for good
   */
  async deliver(
    handle: (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse>,
    kill = () => {},
  ): Promise<number> {
    const records = await this.pending();
    const first = await handle({ Records: records }).then(
      ({ batchItemFailures: [failed] }) =>
        records.findIndex(({ dynamodb }) => dynamodb!.SequenceNumber === failed?.itemIdentifier),
      (error: unknown) => {
        if (error instanceof StalledBatchError) return 0;
        throw error;
      },
    );
    kill();
    const handled = first < 0 ? records.length : first;
    this.#checkpoint = records[handled - 1]?.dynamodb?.SequenceNumber ?? this.#checkpoint;
    return handled;
  }

  /** The stream gives up on a record: it goes where failures are kept. */
  async discardFirst(): Promise<void> {
    this.#checkpoint = (await this.pending())[0]!.dynamodb!.SequenceNumber;
  }
}
