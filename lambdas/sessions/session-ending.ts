import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import { changes } from '../shared/dynamodb/expressions.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { ConflictError } from '../shared/errors.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import type { endRequestSchema } from './contract.ts';
import { derivedInsight, type Insight, type InsightOffer } from './insight.ts';
import type { InsightOffers } from './insight-offers.ts';
import { openKey, toOfferItem } from './open-table.ts';
import { beginningOf } from './summary/sentences.ts';
import { type Message, type SessionAnalytics, type SessionEnd, type SessionHead, ttlOf } from './session.ts';
import { Analysis } from './session-analytics.ts';
import type { SessionOpening, SessionReader } from './session-reader.ts';
import type { Summarizer } from './summary/summarizer.ts';
import type { RunningSummary } from './summary/summary.ts';
import { headKey, isHeadAsRead, isSummaryAsRead, summaryToItem, toListItems } from './table.ts';

export interface SessionEndingParts {
  readonly table: Table;
  readonly reader: SessionReader;
  readonly summarizer: Summarizer;
  /** Limit of a summary. */
  readonly summaryBytes: number;
  readonly offers: InsightOffers;
  /** Told when the insights of an ended session have to wait for the sweep. */
  readonly onPostponed: (error: Error, offer: InsightOffer) => void;
}

/** The caller's request. Without `insights`, its summary is remembered, if something was decided. */
export type EndRequest = z.output<typeof endRequestSchema>;

/** A session that is over, as its end is answered. */
export type EndedSession = SessionOpening;

const offerOf = (
  { agentId, sessionId, userId, topic }: SessionHead,
  { endedAt }: SessionEnd,
  insights: readonly Insight[],
): InsightOffer => ({ agentId, sessionId, userId, topic, endedAt, insights });

/** Tries of an end while messages keep coming; then its caller has to try again. */
const MAX_TRIES = 5;

/** An append takes its number before its message is stored: a missing one this young may be in flight and is awaited. */
const UNDER_WAY_MS = 10 * SECOND_MS;
const WAIT_MS = 100;
const MAX_WAITS = 3;

/**
 * Ends sessions: final summary, analytics and list rows in one transaction. It is written only if the head is as it was
 * when the messages were read. So an append that was acknowledged before is in the record, and one that comes after
 * finds the session ended.
 */
export class SessionEnding {
  readonly #parts: SessionEndingParts;

  constructor(parts: SessionEndingParts) {
    this.#parts = parts;
  }

  /**
   * Reads every message once (0.25 read units a KB) and writes the end: 2 write units for each KB of head, summary,
   * list rows and the row of the open session. Then its insights are offered to memory. Ending a session again, or one
   * that has expired, answers with its record. Insights for a session that the sweep has ended are offered too.
   *
   * @throws NotFoundError when the agent has no such session
   * @throws ConflictError when messages keep coming while it is being ended
   */
  async end(agentId: string, sessionId: string, request: EndRequest): Promise<EndedSession> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const opening = await this.#parts.reader.opening(agentId, sessionId);
      if (opening.head.end) {
        // The sweep was first, and did not know the agent's insights.
        if (opening.head.status === 'expired' && request.insights)
          await this.#parts.offers.offerLate(offerOf(opening.head, opening.head.end, request.insights));
        return opening;
      }
      const ended = await this.#close(opening, request);
      if (ended) return ended;
    }
    throw new ConflictError('The session went on while it was being ended; try again');
  }

  /**
   * Ends a session whose time is up.
   *
   * @returns its head; as it is now, when the session went on meanwhile
   * @throws NotFoundError when there is no such session any more
   */
  async expire(agentId: string, sessionId: string): Promise<SessionHead> {
    const opening = await this.#parts.reader.opening(agentId, sessionId);
    if (opening.head.end || opening.head.status === 'active') return opening.head;
    const ended = await this.#close(opening, { reason: 'expired' });
    return (ended ?? (await this.#parts.reader.opening(agentId, sessionId))).head;
  }

  /** @returns undefined when the session is no longer as it was read */
  async #close({ head, summary }: EndedSession, request: EndRequest): Promise<EndedSession | undefined> {
    const expired = head.status === 'expired';
    const now = this.#parts.table.clock();
    const { analytics, rest } = await this.#read(head, summary, now);
    const end: SessionEnd = {
      endedAt: expired ? head.expiresAt : now.toISOString(),
      reason: expired ? 'expired' : request.reason,
      analytics,
    };
    const ended: SessionHead = { ...head, status: expired ? 'expired' : 'ended', end };
    const final = await this.#finalSummary(head, summary, rest, now);
    const derived = derivedInsight(head, final?.content, this.#parts.summaryBytes);
    const insights = request.insights ?? (derived ? [derived] : []);
    const offer = offerOf(head, end, insights);
    if (!(await this.#write(head, ended, summary, final, offer))) return undefined;
    if (insights.length > 0)
      await this.#parts.offers
        .offer(offer)
        .catch((error: unknown) => this.#parts.onPostponed(error as Error, offer));
    return { head: ended, ...(final && { summary: final }) };
  }

  /**
   * Reads all messages page by page, whatever their size. Of those not in the summary, it keeps the beginning that a
   * summary is made from. Where a number was taken a moment ago and its message is missing, it waits there a few times.
   * A message that arrives later still is in the session's history, but not in its record.
   */
  async #read(
    { agentId, sessionId, createdAt, lastSeq, lastActivityAt }: SessionHead,
    summary: RunningSummary | undefined,
    now: Date,
  ): Promise<{ analytics: SessionAnalytics; rest: Message[] }> {
    const isYoung = (time: string): boolean => now.getTime() - Date.parse(time) < UNDER_WAY_MS;
    const analysis = new Analysis(createdAt);
    const rest: Message[] = [];
    let next = 1;
    const take = (message: Message): void => {
      analysis.add(message);
      const { metadata: _metadata, ...said } = message;
      if (message.seq > (summary?.throughSeq ?? 0))
        rest.push({ ...said, content: beginningOf(said.content) });
      next = message.seq + 1;
    };
    for (let waits = 0; ; waits++) {
      const isLast = waits === MAX_WAITS;
      let isMissing = false;
      for await (const page of this.#parts.reader.messages(agentId, sessionId, next)) {
        for (const message of page) {
          isMissing ||= message.seq > next && !isLast && isYoung(message.createdAt);
          if (isMissing) break;
          take(message);
        }
        if (isMissing) break;
      }
      isMissing ||= next <= lastSeq && isYoung(lastActivityAt);
      if (isLast || !isMissing) return { analytics: analysis.result(), rest };
      await sleep(WAIT_MS);
    }
  }

  /** The summary with the messages it lacked; undefined when nothing was said. */
  async #finalSummary(
    head: SessionHead,
    summary: RunningSummary | undefined,
    rest: readonly Message[],
    now: Date,
  ): Promise<RunningSummary | undefined> {
    const last = rest.at(-1);
    if (!last) return summary;
    const content = await this.#parts.summarizer.summarize({
      agentId: head.agentId,
      subject: head,
      previous: summary?.content,
      messages: rest,
    });
    return { content, throughSeq: last.seq, updatedAt: now.toISOString() };
  }

  /** @returns whether it was written: not when the session is no longer as it was read */
  async #write(
    head: SessionHead,
    ended: SessionHead,
    summary: RunningSummary | undefined,
    final: RunningSummary | undefined,
    offer: InsightOffer,
  ): Promise<boolean> {
    const { table } = this.#parts;
    const { actions } = table;
    const now = table.clock();
    const { agentId, sessionId } = head;
    const overBy = ended.status === 'expired' ? 'expiry' : 'request';
    const failed = await table.transact([
      actions.update(
        headKey(agentId, sessionId),
        changes({ set: { end: ended.end, overBy } }),
        isHeadAsRead(head),
      ),
      ...(final && final !== summary
        ? [actions.put(summaryToItem(head, final, ttlOf(head)), isSummaryAsRead(summary, now))]
        : []),
      ...toListItems(ended).map((item) => actions.put(item)),
      offer.insights.length > 0
        ? actions.put(toOfferItem(offer, now, ttlOf(head)))
        : actions.delete(openKey(agentId, sessionId)),
    ]);
    return !failed;
  }
}
