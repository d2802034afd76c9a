import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { TableName } from '../shared/schema/tables.ts';
import { recordsOfImage } from './expired-records.ts';
import type { ObjectStore, OpenStore } from './object-store.ts';

/** Lambda puts the batches here that a reader of the streams gave up on, under names of its own. */
const GIVEN_UP = 'aws/lambda/';

/** The part of such an object that is read: JSON, the event in it as text. */
interface GivenUp {
  readonly payload?: string;
}

/**
 * Removes whole records of the streams, as Lambda leaves them in the bucket. An object that holds others' records too is
 * written again without those that go, which gives the rest another 90 days. A record that cannot be read as its key
 * says stays.
 */
export class GivenUpErasure {
  readonly #open: OpenStore;
  readonly #tableOf: (streamArn: string) => TableName | undefined;
  readonly #clock: Clock;

  constructor(open: OpenStore, tableOf: (streamArn: string) => TableName | undefined, clock: Clock) {
    this.#open = open;
    this.#tableOf = tableOf;
    this.#clock = clock;
  }

  /** Reads everything there is, one GET an object. Yields how many records are gone with each object. */
  async *of(isErased: (record: ArchiveRecord) => boolean): AsyncGenerator<number> {
    const store = await this.#open();
    for await (const key of store.list(GIVEN_UP)) {
      const found = await readObject(store, key);
      if (!found) continue;
      const left = found.records.filter((record) => !this.#rowsOf(record).some(isErased));
      if (left.length === found.records.length) continue;
      const payload = JSON.stringify({ ...found.event, Records: left });
      if (left.length === 0) await store.remove([key]);
      else await store.put(key, Buffer.from(JSON.stringify({ ...found.object, payload })));
      yield found.records.length - left.length;
    }
  }

  #rowsOf({ eventSourceARN = '', dynamodb = {} }: DynamoDBRecord): readonly ArchiveRecord[] {
    const table = this.#tableOf(eventSourceARN);
    const images = [dynamodb.OldImage, dynamodb.NewImage] as (Record<string, AttributeValue> | undefined)[];
    if (!table) return [];
    try {
      return images.flatMap((image) => (image ? recordsOfImage(table, image, this.#clock()) : []));
    } catch {
      return [];
    }
  }
}

/** @returns undefined when it is gone, or holds no event of a stream */
async function readObject(store: ObjectStore, key: string) {
  const body = await store.get(key);
  if (!body) return undefined;
  try {
    const object = JSON.parse(Buffer.from(body).toString('utf8')) as GivenUp;
    const event = JSON.parse(object.payload ?? '{}') as { readonly Records?: readonly DynamoDBRecord[] };
    return event.Records && { object, event, records: event.Records };
  } catch {
    return undefined;
  }
}
