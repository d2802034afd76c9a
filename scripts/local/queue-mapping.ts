import type { MappingSpec } from './assembly.ts';
import type { Functions } from './functions.ts';
import { type LocalQueue, md5, type ReceivedMessage } from './queue.ts';
import { REGION } from './template-values.ts';

/** First wait before a failed message comes again; it doubles. Deployed, it is the queue's visibility timeout. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

const toRecord = (message: ReceivedMessage, sourceArn: string) => ({
  messageId: message.messageId,
  receiptHandle: message.receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SentTimestamp: String(message.sentAt),
    SenderId: 'local',
    ...(message.groupId && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId && { MessageDeduplicationId: message.deduplicationId }),
    SequenceNumber: message.sequenceNumber,
  },
  messageAttributes: {},
  md5OfBody: md5(message.body),
  eventSource: 'aws:sqs',
  eventSourceARN: sourceArn,
  awsRegion: REGION,
});

/**
 * The failed ones of a batch, as the function names them.
 *
 * @throws Error when it names one that was not in the batch: Lambda then takes the whole batch for failed
 */
export function failedItems(
  payload: string,
  partialFailures: boolean,
  batch: ReadonlySet<string>,
): ReadonlySet<string> {
  if (!partialFailures) return new Set();
  const result = JSON.parse(payload) as {
    readonly batchItemFailures?: readonly { readonly itemIdentifier?: string }[] | null;
  } | null;
  const failed = (result?.batchItemFailures ?? []).map(({ itemIdentifier }) => String(itemIdentifier));
  const stranger = failed.find((id) => !batch.has(id));
  if (stranger !== undefined)
    throw new Error(`the function reports '${stranger}' failed, which it was not given`);
  return new Set(failed);
}

/** Feeds a function from a queue: as many batches at a time as the mapping allows. */
export class QueueMapping {
  readonly #spec: MappingSpec;
  readonly #queue: LocalQueue;
  readonly #functions: Functions;
  readonly #log: (text: string) => void;
  #running = 0;
  #stopped = false;

  constructor(spec: MappingSpec, queue: LocalQueue, functions: Functions, log: (text: string) => void) {
    this.#spec = spec;
    this.#queue = queue;
    this.#functions = functions;
    this.#log = log;
  }

  start(): void {
    this.#queue.onMessage(() => this.#pump());
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
  }

  #pump(): void {
    while (!this.#stopped && this.#running < this.#spec.maxConcurrency) {
      const batch = this.#queue.receive(this.#spec.batchSize);
      if (batch.length === 0) return;
      this.#running++;
      void this.#deliver(batch).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  async #deliver(batch: readonly ReceivedMessage[]): Promise<void> {
    const ids = new Set(batch.map(({ messageId }) => messageId));
    let failed: ReadonlySet<string>;
    try {
      const event = { Records: batch.map((message) => toRecord(message, this.#spec.sourceArn)) };
      const payload = await this.#functions.invoke(this.#spec.functionArn, event);
      failed = failedItems(payload, this.#spec.partialFailures, ids);
    } catch (error) {
      if (this.#stopped) return;
      this.#log(`${this.#spec.id}: ${(error as Error).message}\n`);
      failed = ids;
    }
    for (const message of batch)
      if (failed.has(message.messageId))
        this.#queue.release(
          message.receiptHandle,
          Math.min(RETRY_MS * 2 ** (message.receiveCount - 1), MAX_RETRY_MS),
        );
      else this.#queue.delete(message.receiptHandle);
  }
}
