import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectStore } from './object-store.ts';

/** DeleteObjects takes this many. */
const KEYS_PER_DELETE = 1000;

/** The archive bucket. It keeps no versions: an object that is replaced or removed is gone. */
export class S3ObjectStore implements ObjectStore {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(bucket: string, s3 = new S3Client({ maxAttempts: 5 })) {
    this.#bucket = bucket;
    this.#s3 = s3;
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#s3.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: body,
        // Not `ContentEncoding: gzip`: clients would unpack it on the way, and Athena goes by the name.
        ContentType: 'application/gzip',
      }),
    );
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async *list(prefix: string): AsyncGenerator<string> {
    for await (const { Contents } of this.#pages(prefix)) for (const { Key } of Contents ?? []) yield Key!;
  }

  async *folders(prefix: string): AsyncGenerator<string> {
    for await (const { CommonPrefixes } of this.#pages(prefix, '/'))
      for (const { Prefix } of CommonPrefixes ?? []) yield Prefix!.slice(prefix.length, -1);
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += KEYS_PER_DELETE) {
      const { Errors } = await this.#s3.send(
        new DeleteObjectsCommand({
          Bucket: this.#bucket,
          Delete: {
            Objects: keys.slice(start, start + KEYS_PER_DELETE).map((Key) => ({ Key })),
            Quiet: true,
          },
        }),
      );
      if (Errors && Errors.length > 0)
        throw new Error(`S3 kept ${Errors.length} objects: ${Errors[0]?.Code} ${Errors[0]?.Key}`);
    }
  }

  async *#pages(prefix: string, delimiter?: string) {
    let token: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }
}
