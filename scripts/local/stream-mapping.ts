import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingSpec } from './assembly.ts';
import { createFilter } from './event-filter.ts';
import type { Functions } from './functions.ts';
import { failedItems } from './queue-mapping.ts';
import type { Position, StreamRead, StreamRecord } from './table-stream.ts';

const IDLE_MS = 150;
const MAX_BACKOFF_MS = 5_000;

export interface RecordSource {
  read(limit: number): Promise<StreamRead | undefined>;
}

/** Where a stream's position is kept: written only after the function succeeded, so a crash replays, never skips. */
export class Checkpoint {
  readonly #file: string;

  constructor(directory: string, name: string) {
    mkdirSync(directory, { recursive: true });
    this.#file = join(directory, `${name}.json`);
  }

  /** @returns undefined when the stream is another one than the position was written for */
  read(streamArn: string): Position | undefined {
    try {
      const saved = JSON.parse(readFileSync(this.#file, 'utf8')) as Position & { readonly streamArn: string };
      return saved.streamArn === streamArn ? saved : undefined;
    } catch {
      return undefined;
    }
  }

  write(streamArn: string, position: Position): void {
    // Renamed into place: a crash leaves the old position or the new one, never half of one.
    writeFileSync(`${this.#file}.new`, JSON.stringify({ streamArn, ...position }));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

export interface StreamMappingOptions {
  readonly invoke: Functions['invoke'];
  /** Called after each record is dealt with, in order. */
  readonly checkpoint: (position: Position) => void;
  /** Where a record goes that failed every time. */
  readonly failuresDirectory: string;
  readonly log: (text: string) => void;
  readonly retryMs?: number;
}

/**
 * Feeds a function from a table's stream: at least once and in order. A failed batch is bisected or tried again from
 * its first failed record; what fails for good is put aside whole, and the stream goes on.
 */
export class StreamMapping {
  readonly #spec: MappingSpec;
  readonly #source: RecordSource;
  readonly #options: StreamMappingOptions;
  readonly #passes: (record: unknown) => boolean;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(spec: MappingSpec, source: RecordSource, options: StreamMappingOptions) {
    this.#spec = spec;
    this.#source = source;
    this.#options = options;
    this.#passes = createFilter(spec.filters);
  }

  start(): void {
    this.#running = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #poll(): Promise<void> {
    let failures = 0;
    let read: StreamRead | undefined;
    while (!this.#stopped) {
      try {
        // Kept until dealt with: the source has moved on, so an error here must not skip it.
        read ??= await this.#source.read(this.#spec.batchSize);
        if (read && read.records.length > 0) await this.#deal(read);
        else await this.#pause(IDLE_MS);
        read = undefined;
        failures = 0;
      } catch (error) {
        if (this.#stopped) return;
        this.#options.log(`${this.#spec.id}: ${(error as Error).message}\n`);
        await this.#pause(backoff(++failures, this.#options.retryMs));
      }
    }
  }

  /** One read: its matching records reach the function, then the position moves past all of them. */
  async #deal({ shardId, records }: StreamRead): Promise<void> {
    const handled = await this.#deliver(shardId, records.filter(this.#passes));
    if (handled)
      this.#options.checkpoint({ shardId, sequenceNumber: records.at(-1)!.dynamodb.SequenceNumber });
  }

  /** @returns whether all of them were dealt with; false when the service stops first */
  async #deliver(shardId: string, records: readonly StreamRecord[]): Promise<boolean> {
    let rest = records;
    for (let attempt = 0; rest.length > 0;) {
      if (this.#stopped) return false;
      const failedAt = await this.#tryOnce(rest);
      if (failedAt === undefined) return true;
      if (this.#stopped) return false;
      if (failedAt > 0) {
        this.#options.checkpoint({ shardId, sequenceNumber: sequenceOf(rest[failedAt - 1]!) });
        rest = rest.slice(failedAt);
        attempt = 0;
      }
      if (attempt >= this.#spec.maxRetries) {
        this.#putAside(this.#spec.partialFailures ? rest.slice(0, 1) : rest);
        rest = this.#spec.partialFailures ? rest.slice(1) : [];
        attempt = 0;
        continue;
      }
      if (this.#spec.bisect && rest.length > 1) {
        const half = Math.ceil(rest.length / 2);
        if (!(await this.#deliver(shardId, rest.slice(0, half)))) return false;
        this.#options.checkpoint({ shardId, sequenceNumber: sequenceOf(rest[half - 1]!) });
        rest = rest.slice(half);
        attempt = 0;
        continue;
      }
      await this.#pause(backoff(++attempt, this.#options.retryMs));
    }
    return true;
  }

  /** @returns the index of the first record to try again, or undefined when all succeeded */
  async #tryOnce(records: readonly StreamRecord[]): Promise<number | undefined> {
    try {
      const payload = await this.#options.invoke(this.#spec.functionArn, { Records: records });
      const failed = failedItems(payload, this.#spec.partialFailures, new Set(records.map(sequenceOf)));
      const first = records.findIndex((record) => failed.has(sequenceOf(record)));
      return first < 0 ? undefined : first;
    } catch (error) {
      if (!this.#stopped) this.#options.log(`${this.#spec.id}: ${(error as Error).message}\n`);
      return 0;
    }
  }

  #putAside(records: readonly StreamRecord[]): void {
    mkdirSync(this.#options.failuresDirectory, { recursive: true });
    for (const record of records) {
      const file = join(this.#options.failuresDirectory, `${sequenceOf(record)}.json`);
      writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
      this.#options.log(`${this.#spec.id}: gave up on a record, kept in ${file}\n`);
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

const sequenceOf = (record: StreamRecord): string => record.dynamodb.SequenceNumber;

const backoff = (attempt: number, first = 100): number =>
  Math.min(first * 2 ** (attempt - 1), MAX_BACKOFF_MS);
