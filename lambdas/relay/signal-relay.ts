import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { ErasedMarks } from '../shared/erased-marks.ts';
import { type PublishedDelivery, publishedDelivery } from '../signals/published-delivery.ts';
import type { SeenSignals } from '../signals/seen-signals.ts';
import type { SignalBus } from './signal-bus.ts';

export interface RelayReport {
  /** The answer to Lambda: everything from the first failed record comes again. */
  readonly response: DynamoDBBatchResponse;
  readonly relayed: number;
  readonly failures: readonly { readonly sequenceNumber: string; readonly error: Error }[];
}

interface Attempt {
  readonly sequenceNumber: string;
  readonly delivery?: PublishedDelivery;
  error?: Error;
}

/** Rows of `seen:` that are written at a time. */
const CONCURRENCY = 10;

/**
 * The signals' stream → the bus and the `seen:` rows. Both are written before the batch is answered, so a relay that
 * dies in between is given the same records again. The row is then the same row, and the event a repeat that names its
 * delivery. A signal from before its target was erased goes to the bus too, but no row is written for it.
 *
 * A record that cannot be relayed delays no other: the rest of its batch is relayed each time the batch comes, until the
 * stream gives up on that record and puts it where failures are kept.
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
    // Only a new delivery is an event. Its changes (claims, acknowledgements) and its removal are not.
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
