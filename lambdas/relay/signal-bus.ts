import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { PublishedDelivery } from '../signals/published-delivery.ts';

/** Limits of one PutEvents, counted over the whole request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;
const MAX_TRIES = 3;
const BACKOFF_MS = 100;

/** The bus took the request but not this entry: throttling, mostly, so it is worth another try. */
class EntryRefusedError extends Error {}

/** The bytes EventBridge counts for an entry: source, type, detail, and 14 for the time. */
const entryBytes = (entry: PutEventsRequestEntry): number =>
  14 +
  [entry.Source, entry.DetailType, entry.Detail].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? '', 'utf8'),
    0,
  );

/** Positions of entries, grouped so that each group is one request. */
function* chunksOf(entries: readonly PutEventsRequestEntry[], positions: readonly number[]) {
  let chunk: number[] = [];
  let bytes = 0;
  for (const position of positions) {
    const size = entryBytes(entries[position]!);
    if (chunk.length > 0 && (chunk.length === MAX_ENTRIES || bytes + size > MAX_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(position);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * The bus on which a delivery becomes an event: source `agent-memory`, type `SignalPublished`, the delivery as detail.
 * Delivered at least once: a listener tells a repeat by `signalId` and `targetAgent`.
 */
export class SignalBus {
  readonly #eventBridge: EventBridgeClient;
  readonly #busName: string;

  constructor(eventBridge: EventBridgeClient, busName: string) {
    this.#eventBridge = eventBridge;
    this.#busName = busName;
  }

  /** @returns for each delivery its error, undefined when the bus has it */
  async put(deliveries: readonly PublishedDelivery[]): Promise<(Error | undefined)[]> {
    const entries = deliveries.map((delivery): PutEventsRequestEntry => ({
      EventBusName: this.#busName,
      Source: 'agent-memory',
      DetailType: 'SignalPublished',
      Time: new Date(delivery.timestamp),
      Detail: JSON.stringify(delivery),
    }));
    const problems: (Error | undefined)[] = entries.map((entry) =>
      entryBytes(entry) > MAX_BYTES ? new Error('the event is larger than EventBridge takes') : undefined,
    );
    let pending = problems.flatMap((problem, position) => (problem ? [] : [position]));
    for (let tries = 1; pending.length > 0; tries++) {
      for (const chunk of chunksOf(entries, pending)) {
        const answers = await this.#send(chunk.map((position) => entries[position]!));
        chunk.forEach((position, i) => {
          problems[position] = answers[i];
        });
      }
      pending = pending.filter((position) => problems[position] instanceof EntryRefusedError);
      if (tries === MAX_TRIES) break;
      if (pending.length > 0) await sleep(BACKOFF_MS * 2 ** tries * Math.random());
    }
    return problems;
  }

  /**
   * One request. It may succeed in part, and an entry it took is not taken back. A request that fails as a whole has
   * had its tries in the SDK; the stream brings its records again.
   */
  async #send(entries: PutEventsRequestEntry[]): Promise<(Error | undefined)[]> {
    try {
      const { Entries = [] } = await this.#eventBridge.send(new PutEventsCommand({ Entries: entries }));
      return entries.map((_, i) => {
        const answer = Entries[i];
        if (answer?.EventId) return undefined;
        return new EntryRefusedError(`${answer?.ErrorCode ?? 'NoAnswer'}: ${answer?.ErrorMessage ?? ''}`);
      });
    } catch (error) {
      return entries.map(() => error as Error);
    }
  }
}
