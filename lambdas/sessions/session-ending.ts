import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { failedTransaction, isTransactionConflict } from '../shared/dynamodb/conditions.ts';
import { ConflictError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { PARTITION_KEY } from '../shared/schema/tables.ts';
import { derivedInsight, type Insight, type InsightOffer } from './insight.ts';
import type { InsightOffers } from './insight-offers.ts';
import { madeFrom } from './rolling-summary.ts';
import { type Message, type SessionEnd, type SessionHead, ttlOf } from './session.ts';
import { analyse } from './session-analytics.ts';
import type { ResumedSession, SessionReader } from './session-reader.ts';
import type { Summarizer } from './summarizer.ts';
import type { RunningSummary } from './summary.ts';
import { headKey, openKey, summaryToItem, toListItems, toOfferItem } from './table.ts';

export interface SessionEndingParts {
  readonly documents: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly reader: SessionReader;
  readonly summarizer: Summarizer;
  /** Limit of a summary. */
  readonly summaryBytes: number;
  readonly offers: InsightOffers;
  /** Told when the insights of an ended session have to wait for the sweep. */
  readonly onPostponed: (error: Error, offer: InsightOffer) => void;
}

/** How its caller wants a session ended. */
export interface EndRequest {
  readonly reason: string;
  /** What is worth remembering of it. @default what was decided in it, as its summary says */
  readonly insights?: readonly Insight[];
}

/** A session that is over, as its end is answered. */
export type EndedSession = Omit<ResumedSession, 'messages'>;

/** Somebody who appends while another ends is met again a few times, then one of them has to wait. */
const MAX_TRIES = 5;

/**
 * Ends sessions: final summary, analytics and the rows that list it, in one transaction. It holds only if the head is
 * as it was when the messages were read, so an append that was acknowledged before is in the record, and one that
 * comes after finds the session ended.
 */
export class SessionEnding {
  readonly #parts: SessionEndingParts;

  constructor(parts: SessionEndingParts) {
    this.#parts = parts;
  }

  /**
   * Reads every message once (0.25 read units a KB) and writes the end: 2 write units for each KB of head, summary,
   * list rows and the row of the open session, then its insights are offered to memory. Ending again, or what has expired, answers with the record there is.
   *
   * @throws NotFoundError when the agent has no such session
   * @throws ConflictError when messages keep coming while it is being ended
   */
  async end(agentId: string, sessionId: string, request: EndRequest): Promise<EndedSession> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const opening = await this.#parts.reader.opening(agentId, sessionId);
      if (opening.head.end) return opening;
      const ended = await this.#close(opening, request);
      if (ended) return ended;
    }
    throw new ConflictError('The session went on while it was being ended; try again');
  }

  /**
   * The end of a session whose time is up; of one that went on meanwhile, its head as it is now.
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
    const { agentId, sessionId, userId, topic } = head;
    const expired = head.status === 'expired';
    const now = this.#parts.clock();
    const messages: Message[] = [];
    for await (const page of this.#parts.reader.messages(agentId, sessionId)) messages.push(...page);
    const end: SessionEnd = {
      endedAt: expired ? head.expiresAt : now.toISOString(),
      reason: expired ? 'expired' : request.reason,
      analytics: analyse(head.createdAt, messages),
    };
    const ended: SessionHead = { ...head, status: expired ? 'expired' : 'ended', end };
    const final = await this.#finalSummary(head, summary, messages, now);
    const derived = derivedInsight(head, final?.content, this.#parts.summaryBytes);
    const insights = request.insights ?? (derived ? [derived] : []);
    const offer = { agentId, sessionId, userId, topic, endedAt: end.endedAt, insights };
    if (!(await this.#write(head, ended, summary, final, offer))) return undefined;
    if (insights.length > 0)
      await this.#parts.offers
        .offer(offer)
        .catch((error: unknown) => this.#parts.onPostponed(error as Error, offer));
    return { head: ended, ...(final && { summary: final }) };
  }

  /** The summary with what is still missing from it; undefined when nothing was said. */
  async #finalSummary(
    head: SessionHead,
    summary: RunningSummary | undefined,
    messages: readonly Message[],
    now: Date,
  ): Promise<RunningSummary | undefined> {
    const rest = messages.filter(({ seq }) => seq > (summary?.throughSeq ?? 0));
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

  async #write(
    head: SessionHead,
    ended: SessionHead,
    summary: RunningSummary | undefined,
    final: RunningSummary | undefined,
    offer: InsightOffer,
  ): Promise<boolean> {
    const { documents, table: TableName } = this.#parts;
    const { agentId, sessionId } = head;
    try {
      await documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Update: {
                TableName,
                Key: headKey(agentId, sessionId),
                UpdateExpression: 'SET #end = :end, overBy = :by',
                ConditionExpression:
                  'attribute_exists(#pk) AND attribute_not_exists(#end) AND lastSeq = :seq AND #active = :active',
                ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#end': 'end', '#active': 'active' },
                ExpressionAttributeValues: {
                  ':end': ended.end,
                  ':by': ended.status === 'expired' ? 'expiry' : 'request',
                  ':seq': head.lastSeq,
                  ':active': Date.parse(head.lastActivityAt),
                },
              },
            },
            ...(final && final !== summary
              ? [{ Put: { TableName, Item: summaryToItem(head, final, ttlOf(head)), ...madeFrom(summary) } }]
              : []),
            ...toListItems(ended).map((Item) => ({ Put: { TableName, Item } })),
            offer.insights.length > 0
              ? { Put: { TableName, Item: toOfferItem(offer, this.#parts.clock(), ttlOf(head)) } }
              : { Delete: { TableName, Key: openKey(agentId, sessionId) } },
          ],
        }),
      );
      return true;
    } catch (error) {
      if (failedTransaction(error) || isTransactionConflict(error)) return false;
      throw error;
    }
  }
}
