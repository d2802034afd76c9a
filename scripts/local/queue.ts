import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { QueueSpec } from './assembly.ts';

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Messages of one group are delivered in order, one at a time. Without one a message stands alone. */
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequenceNumber: string;
  readonly sentAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
}

export interface ReceivedMessage extends Readonly<QueueMessage> {
  readonly receiptHandle: string;
}

type Entry =
  | { readonly op: 'send'; readonly message: QueueMessage }
  | { readonly op: 'receive'; readonly messageId: string }
  | { readonly op: 'delete'; readonly messageId: string };

/** A message group, as SQS takes it: printable ASCII without the space. */
const GROUP_PATTERN = /^[!-~]{1,128}$/;

const DEDUPLICATION_MS = 5 * 60_000;

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * An SQS queue: order within a group with one message of it in flight, deduplication for five minutes, a visibility
 * timeout, and a dead-letter queue after too many receives. What it holds is appended to a file, so queued work
 * survives a restart; what was in flight is then delivered again.
 */
export class LocalQueue {
  readonly spec: QueueSpec;
  readonly #file: string | undefined;
  readonly #now: () => number;
  readonly #deadLetters: () => LocalQueue | undefined;
  readonly #messages = new Map<string, QueueMessage>();
  readonly #invisibleUntil = new Map<string, { until: number; receiptHandle: string }>();
  readonly #recent = new Map<string, QueueMessage>();
  readonly #listeners = new Set<() => void>();
  #sequence = 0;

  /**
   * @param file where its entries are appended; without one everything is in memory
   * @param deadLetters looks up the queue of its redrive policy
   */
  constructor(
    spec: QueueSpec,
    options: {
      readonly file?: string;
      readonly now?: () => number;
      readonly deadLetters?: () => LocalQueue | undefined;
    } = {},
  ) {
    this.spec = spec;
    this.#file = options.file;
    this.#now = options.now ?? Date.now;
    this.#deadLetters = options.deadLetters ?? (() => undefined);
    this.#restore();
  }

  /** How many messages it holds, in flight or not. */
  get size(): number {
    return this.#messages.size;
  }

  /** Calls back whenever a message may have become receivable. */
  onMessage(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** @throws RangeError when a FIFO queue is not told the group, in SQS's alphabet, or how to recognize a duplicate */
  send(body: string, options: { groupId?: string; deduplicationId?: string } = {}): QueueMessage {
    const { groupId } = options;
    let { deduplicationId } = options;
    if (this.spec.fifo) {
      if (!groupId) throw new RangeError('The request must contain the parameter MessageGroupId.');
      if (!GROUP_PATTERN.test(groupId))
        throw new RangeError(
          'MessageGroupId can only include alphanumeric and punctuation characters, 1 to 128.',
        );
      if (!deduplicationId && this.spec.contentBasedDeduplication) deduplicationId = sha256(body);
      if (!deduplicationId)
        throw new RangeError(
          'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
        );
    }
    const known = deduplicationId === undefined ? undefined : this.#recent.get(deduplicationId);
    if (known && known.sentAt > this.#now() - DEDUPLICATION_MS) return known;
    const message: QueueMessage = {
      messageId: randomUUID(),
      body,
      ...(groupId && { groupId }),
      ...(deduplicationId && { deduplicationId }),
      sequenceNumber: String(++this.#sequence).padStart(20, '0'),
      sentAt: this.#now(),
      receiveCount: 0,
    };
    this.#append({ op: 'send', message });
    this.#add(message);
    this.#wake();
    return message;
  }

  /** Up to `max` messages, now in flight until deleted, released or timed out. */
  receive(max: number): ReceivedMessage[] {
    const now = this.#now();
    const received: ReceivedMessage[] = [];
    const blocked = new Set<string>();
    for (const message of [...this.#messages.values()]) {
      if (received.length >= max) break;
      const group = message.groupId ?? message.messageId;
      if (blocked.has(group)) continue;
      if ((this.#invisibleUntil.get(message.messageId)?.until ?? 0) > now) {
        blocked.add(group);
        continue;
      }
      if (this.#redrive(message)) continue;
      blocked.add(group);
      received.push(this.#take(message, now));
    }
    return received;
  }

  /** A receipt of an earlier receive deletes nothing: the message is somebody else's by now. */
  delete(receiptHandle: string): void {
    const messageId = this.#inFlight(receiptHandle);
    if (!messageId) return;
    this.#append({ op: 'delete', messageId });
    this.#remove(messageId);
    this.#wake();
  }

  /** Makes a message in flight receivable again after a delay. */
  release(receiptHandle: string, delayMs: number): void {
    const messageId = this.#inFlight(receiptHandle);
    if (!messageId) return;
    const until = this.#now() + delayMs;
    this.#invisibleUntil.set(messageId, { until, receiptHandle });
    this.#wakeAt(until);
  }

  #take(message: QueueMessage, now: number): ReceivedMessage {
    message.receiveCount++;
    message.firstReceivedAt ??= now;
    const receiptHandle = `${message.messageId}/${message.receiveCount}`;
    const until = now + this.spec.visibilitySeconds * 1000;
    this.#invisibleUntil.set(message.messageId, { until, receiptHandle });
    this.#wakeAt(until);
    this.#append({ op: 'receive', messageId: message.messageId });
    return { ...message, receiptHandle };
  }

  #redrive(message: QueueMessage): boolean {
    const limit = this.spec.redrive?.maxReceiveCount;
    const deadLetters = this.#deadLetters();
    if (limit === undefined || message.receiveCount < limit || !deadLetters) return false;
    deadLetters.send(message.body, {
      groupId: message.groupId ?? message.messageId,
      deduplicationId: message.messageId,
    });
    this.#append({ op: 'delete', messageId: message.messageId });
    this.#remove(message.messageId);
    return true;
  }

  #inFlight(receiptHandle: string): string | undefined {
    const messageId = receiptHandle.split('/')[0]!;
    return this.#invisibleUntil.get(messageId)?.receiptHandle === receiptHandle ? messageId : undefined;
  }

  #add(message: QueueMessage): void {
    this.#messages.set(message.messageId, message);
    for (const [id, { sentAt }] of this.#recent) {
      if (sentAt > this.#now() - DEDUPLICATION_MS) break;
      this.#recent.delete(id);
    }
    // Deleted first, so that the map stays in the order of sending.
    if (message.deduplicationId) {
      this.#recent.delete(message.deduplicationId);
      this.#recent.set(message.deduplicationId, message);
    }
  }

  #remove(messageId: string): void {
    this.#messages.delete(messageId);
    this.#invisibleUntil.delete(messageId);
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A timer may fire a millisecond before the clock says so; a message found invisible then would wait for another. */
  #wakeAt(until: number): void {
    const wake = () => (this.#now() < until ? this.#wakeAt(until) : this.#wake());
    setTimeout(wake, Math.max(1, until - this.#now())).unref();
  }

  #append(entry: Entry): void {
    if (this.#file) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** Reads its file, and writes it anew with only what is still held. */
  #restore(): void {
    if (!this.#file || !existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      const entry = parseEntry(line);
      if (!entry) continue;
      if (entry.op === 'send') {
        this.#sequence = Math.max(this.#sequence, Number(entry.message.sequenceNumber));
        this.#add(entry.message);
      } else if (entry.op === 'delete') this.#remove(entry.messageId);
      else {
        const message = this.#messages.get(entry.messageId);
        if (message) message.receiveCount++;
      }
    }
    const held = [...this.#messages.values()].map((message) => JSON.stringify({ op: 'send', message }));
    const answered = [...this.#recent.values()]
      .filter(({ messageId }) => !this.#messages.has(messageId))
      .flatMap((message) => [
        JSON.stringify({ op: 'send', message }),
        JSON.stringify({ op: 'delete', messageId: message.messageId }),
      ]);
    writeFileSync(this.#file, [...answered, ...held].map((line) => `${line}\n`).join(''));
  }
}

/** A line cut short by a crash was never acknowledged: it is as if it had not been written. */
function parseEntry(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
