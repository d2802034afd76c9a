import type { Table } from '../../shared/dynamodb/table.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { SECOND_MS } from '../../shared/platform/clock.ts';
import { type Message, type SessionHead, ttlOf } from '../session.ts';
import type { SessionOpening, SessionReader } from '../session-reader.ts';
import type { Summarizer } from './summarizer.ts';
import type { RunningSummary } from './summary.ts';
import { isSummaryAsRead, summaryKey, summaryToItem } from '../table.ts';

export interface RollingSummaryParts {
  readonly table: Table;
  readonly reader: SessionReader;
  readonly summarizer: Summarizer;
  readonly hotWindow: number;
  readonly summaryEvery: number;
}

/** An append puts its message, or gives up, within this time after it took its number: no request runs longer. */
const GAP_SETTLED_MS = 60 * SECOND_MS;
const MAX_TRIES = 3;

/**
 * Keeps the running summary of a session up to date with its messages. The summary says through which message it was
 * made, and is replaced only by one made from it: a second or repeated attempt changes nothing.
 */
export class RollingSummary {
  readonly #parts: RollingSummaryParts;

  constructor(parts: RollingSummaryParts) {
    this.#parts = parts;
  }

  /** True when the summary is due with these messages: a stream brings all of them, and most need nothing done. */
  isDue(newestSeq: number, oldestSeq = newestSeq): boolean {
    const step = (seq: number) => Math.floor(seq / this.#parts.summaryEvery);
    return step(newestSeq) > step(oldestSeq - 1);
  }

  /**
   * Adds to the summary the messages that will leave the hot window before the next time. So at any moment a message is
   * in the summary or in the window. With a window of 8 and every 5 messages: through message n − 4, at each multiple
   * n of 5.
   *
   * @param newestSeq number of the message that made it due
   * @returns number of the last message in the summary now; undefined when there was nothing to do
   */
  async bringUpTo(agentId: string, sessionId: string, newestSeq: number): Promise<number | undefined> {
    const { hotWindow, summaryEvery } = this.#parts;
    const upTo = newestSeq - hotWindow + summaryEvery - 1;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const opening = await this.#opening(agentId, sessionId);
      if (!opening) {
        await this.#forget(agentId, sessionId);
        return undefined;
      }
      // Its final summary holds everything.
      if (opening.head.end) return undefined;
      const { head, summary } = opening;
      const from = (summary?.throughSeq ?? 0) + 1;
      if (from > Math.min(upTo, newestSeq)) return undefined;
      const messages = this.#settled(await this.#messages(head, from, Math.min(upTo, newestSeq)), from);
      const last = messages.at(-1);
      if (!last) return undefined;
      const next: RunningSummary = {
        content: await this.#parts.summarizer.summarize({
          agentId,
          subject: head,
          previous: summary?.content,
          messages,
        }),
        throughSeq: last.seq,
        updatedAt: this.#parts.table.clock().toISOString(),
      };
      if (await this.#replace(head, summary, next)) {
        // The condition of a first summary does not notice that the session was erased meanwhile.
        if (!summary && !(await this.#opening(agentId, sessionId))) await this.#forget(agentId, sessionId);
        return last.seq;
      }
      // Another worker was faster; it may have seen less than this one.
    }
    return undefined;
  }

  async #opening(agentId: string, sessionId: string): Promise<SessionOpening | undefined> {
    try {
      return await this.#parts.reader.opening(agentId, sessionId);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** Deletes the summary that an interrupted attempt may have left of a session that is gone. */
  async #forget(agentId: string, sessionId: string): Promise<void> {
    await this.#parts.table.delete(summaryKey(agentId, sessionId));
  }

  async #messages({ agentId, sessionId }: SessionHead, from: number, to: number): Promise<Message[]> {
    const found: Message[] = [];
    for await (const page of this.#parts.reader.messages(agentId, sessionId, from, to)) found.push(...page);
    return found;
  }

  /**
   * The messages before the first gap that may still be filled: an append takes its number first and puts its message
   * then. A gap whose later neighbour is a minute old stays one.
   */
  #settled(messages: readonly Message[], from: number): readonly Message[] {
    const settledBefore = this.#parts.table.clock().getTime() - GAP_SETTLED_MS;
    let expected = from;
    for (const [position, { seq, createdAt }] of messages.entries()) {
      if (seq > expected && Date.parse(createdAt) > settledBefore) return messages.slice(0, position);
      expected = seq + 1;
    }
    return messages;
  }

  /** @returns false when the summary is no longer the one the next was made from */
  async #replace(
    head: SessionHead,
    previous: RunningSummary | undefined,
    next: RunningSummary,
  ): Promise<boolean> {
    const { table } = this.#parts;
    const condition = isSummaryAsRead(previous, table.clock());
    return !(await table.putIf(summaryToItem(head, next, ttlOf(head)), condition));
  }
}
