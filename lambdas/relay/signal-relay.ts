import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { ErasedMarks } from '../shared/erased-marks.ts';
import { type PublishedDelivery, publishedDelivery } from '../signals/published-delivery.ts';
import type { SeenSignals } from '../signals/seen-signals.ts';
import type { SignalBus } from './signal-bus.ts';

export interface RelayReport {
  /** What Lambda is told: everything from the first failed record comes again. */
  readonly response: DynamoDBBatchResponse;
  readonly relayed: number;
  readonly failures: readonly { readonly sequenceNumber: string; readonly error: Error }[];
}

interface Attempt {
  readonly sequenceNumber: string;
  readonly delivery?: PublishedDelivery;
  error?: Error;
}

/** How many rows of `seen:` are written at a time. */
const CONCURRENCY = 10;

/**
 * The signals' stream → the bus and the `seen:` rows. Both are written before the batch is answered, so a relay that
 * dies anywhere in between is given the same records again; the row is the same row, and the event a repeat that
 * names its delivery. Of a signal from before its target was erased the bus still tells; no row is written.
 *
 * A record that cannot be relayed holds nobody up: all others of its batch are relayed all the same, each time the
 * batch comes, until the stream gives up on the one and puts it where failures are kept.
 */
export class SignalRelay {
  readonly #bus: SignalBus;
  readonly #seen: SeenSignals;
  readonly #erased: Pick<ErasedMarks, 'readFor'>;

  constructor(bus: SignalBus, seen: SeenSignals, erased: Pick<ErasedMarks, 'readFor'>) {
    this.#bus = bus;
    this.#seen = seen;
    this.#erased = erased;
  }

  async relay(event: DynamoDBStreamEvent): Promise<RelayReport> {
    // Changes of a delivery (claims, acknowledgements) and removals are nobody's news.
    const attempts = event.Records.filter(({ eventName }) => eventName === 'INSERT').map(read);
    const readable = attempts.filter(hasDelivery);
    const [onBus, remembered] = await Promise.all([
      this.#bus.put(readable.map(({ delivery }) => delivery)),
      this.#remember(readable.map(({ delivery }) => delivery)),
    ]);
    readable.forEach((attempt, i) => {
      attempt.error = onBus[i] ?? remembered[i];
    });
    const failures = attempts.flatMap(({ sequenceNumber, error }) =>
      error ? [{ sequenceNumber, error }] : [],
    );
    return {
      // The records of a batch are in the order of the shard: the first failure is the lowest sequence number.
      response: {
        batchItemFailures: failures
          .slice(0, 1)
          .map((failure) => ({ itemIdentifier: failure.sequenceNumber })),
      },
      relayed: attempts.length - failures.length,
      failures,
    };
  }

  async #remember(deliveries: readonly PublishedDelivery[]): Promise<(Error | undefined)[]> {
    const problems: (Error | undefined)[] = [];
    const isErased = await this.#erased
      .readFor(deliveries.map(({ targetAgent }) => targetAgent))
      .catch((error: unknown) => error as Error);
    if (isErased instanceof Error) return deliveries.map(() => isErased);
    for (let start = 0; start < deliveries.length; start += CONCURRENCY) {
      const results = await Promise.allSettled(
        deliveries
          .slice(start, start + CONCURRENCY)
          .map(async ({ targetAgent, signalId, timestamp }) =>
            isErased(targetAgent, timestamp) ? undefined : this.#seen.remember(targetAgent, signalId),
          ),
      );
      problems.push(
        ...results.map((result) => (result.status === 'rejected' ? (result.reason as Error) : undefined)),
      );
    }
    return problems;
  }
}

const hasDelivery = (attempt: Attempt): attempt is Attempt & { readonly delivery: PublishedDelivery } =>
  attempt.delivery !== undefined;

function read({ dynamodb }: DynamoDBRecord): Attempt {
  const sequenceNumber = dynamodb?.SequenceNumber ?? '';
  try {
    const image = unmarshall((dynamodb?.NewImage ?? {}) as Record<string, AttributeValue>, {
      wrapNumbers: Number,
    });
    return { sequenceNumber, delivery: publishedDelivery(image) };
  } catch (error) {
    return { sequenceNumber, error: error as Error };
  }
}
