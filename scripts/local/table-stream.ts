import type { _Record, AttributeValue } from '@aws-sdk/client-dynamodb-streams';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';

/** A stream record as Lambda hands it to a function. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb: { readonly SequenceNumber: string };
}

/** How far a stream has been handled. */
export interface Position {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

export interface StreamRead {
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
}

/** Times are seconds and bytes are base64 in an event; the SDK has Dates and arrays. */
function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** The emulator's stream drops the type of an empty map (`{}` for `{ M: {} }`), which a function cannot read. */
function toAttribute(value: AttributeValue): unknown {
  if (value.M) return { M: toImage(value.M) };
  if (value.L) return { L: value.L.map(toAttribute) };
  return Object.keys(value).length === 0 ? { M: {} } : toJson(value);
}

const toImage = (image: Record<string, AttributeValue>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, toAttribute(value)]));

/** What the emulator calls a deletion by age; DynamoDB says REMOVE, and who did it. */
const EXPIRED = 'UNKNOWN_TO_SDK_VERSION';
const TTL_SERVICE = { principalId: 'dynamodb.amazonaws.com', type: 'Service' };

/** A record of the emulator's stream as an event has it. */
function toLambdaRecord({ userIdentity, dynamodb, ...record }: _Record, sourceArn: string): StreamRecord {
  const expired = (record.eventName as string) === EXPIRED;
  return {
    ...(toJson(record) as object),
    dynamodb: {
      ...(toJson(dynamodb) as StreamRecord['dynamodb']),
      ...(dynamodb?.NewImage && { NewImage: toImage(dynamodb.NewImage) }),
      ...(dynamodb?.OldImage && { OldImage: toImage(dynamodb.OldImage) }),
    },
    eventSourceARN: sourceArn,
    ...(expired && { eventName: 'REMOVE', userIdentity: TTL_SERVICE }),
    ...(userIdentity && {
      userIdentity: { principalId: userIdentity.PrincipalId, type: userIdentity.Type },
    }),
  } as StreamRecord;
}

const isLost = (error: unknown): boolean =>
  error instanceof Error && ['TrimmedDataAccessException', 'ResourceNotFoundException'].includes(error.name);

/** Reads a table's stream in order, shard after shard, from a position on. */
export class TableStream {
  readonly #client: DynamoDBStreamsClient;
  readonly #streamArn: string;
  readonly #sourceArn: string;
  #position: Position | undefined;
  #shardId: string | undefined;
  #iterator: string | undefined;

  /** @param position the last record handled; without one it begins at the oldest there is */
  constructor(client: DynamoDBStreamsClient, streamArn: string, sourceArn: string, position?: Position) {
    this.#client = client;
    this.#streamArn = streamArn;
    this.#sourceArn = sourceArn;
    this.#position = position;
    this.#shardId = position?.shardId;
  }

  async read(limit: number): Promise<StreamRead | undefined> {
    this.#iterator ??= await this.#open();
    if (!this.#iterator || !this.#shardId) return undefined;
    try {
      const { Records = [], NextShardIterator } = await this.#client.send(
        new GetRecordsCommand({ ShardIterator: this.#iterator, Limit: limit }),
      );
      const shardId = this.#shardId;
      const records = Records.map((record) => toLambdaRecord(record, this.#sourceArn));
      const last = records.at(-1);
      if (last) this.#position = { shardId, sequenceNumber: last.dynamodb.SequenceNumber };
      this.#iterator = NextShardIterator;
      if (!NextShardIterator) await this.#nextShard();
      return { shardId, records };
    } catch (error) {
      // An iterator lives 15 minutes; a machine may sleep longer.
      this.#iterator = undefined;
      if (error instanceof Error && error.name === 'ExpiredIteratorException') return undefined;
      // The stream keeps a day: what was trimmed is gone, and the next read begins at the oldest there is.
      if (!isLost(error)) throw error;
      this.#position = undefined;
      return undefined;
    }
  }

  async #shards(): Promise<readonly Shard[]> {
    const { StreamDescription } = await this.#client.send(
      new DescribeStreamCommand({ StreamArn: this.#streamArn }),
    );
    return StreamDescription?.Shards ?? [];
  }

  async #nextShard(): Promise<void> {
    const shards = await this.#shards();
    const next = shards.find(({ ParentShardId }) => ParentShardId === this.#shardId);
    this.#shardId = next?.ShardId ?? this.#shardId;
    if (next) this.#position = undefined;
  }

  async #open(): Promise<string | undefined> {
    const shards = await this.#shards();
    const known = shards.find(({ ShardId }) => ShardId === this.#shardId);
    const ids = new Set(shards.map(({ ShardId }) => ShardId));
    const shard = known ?? shards.find(({ ParentShardId }) => !ParentShardId || !ids.has(ParentShardId));
    if (!shard?.ShardId) return undefined;
    this.#shardId = shard.ShardId;
    const position = known ? this.#position : undefined;
    try {
      return await this.#iteratorAt(shard.ShardId, position);
    } catch (error) {
      // The stream keeps a day: what was trimmed is gone, the rest begins at its oldest record.
      if (position && isLost(error)) return this.#iteratorAt(shard.ShardId, undefined);
      throw error;
    }
  }

  async #iteratorAt(shardId: string, position: Position | undefined): Promise<string | undefined> {
    const { ShardIterator } = await this.#client.send(
      new GetShardIteratorCommand({
        StreamArn: this.#streamArn,
        ShardId: shardId,
        ...(position
          ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position.sequenceNumber }
          : { ShardIteratorType: 'TRIM_HORIZON' }),
      }),
    );
    return ShardIterator;
  }
}
