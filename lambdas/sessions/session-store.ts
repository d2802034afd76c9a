import type { AgentRegistry } from '../agents/agent-registry.ts';
import type * as z from 'zod';
import { changes, isPresent, isVacant } from '../shared/dynamodb/expressions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import {
  ConflictError,
  IdempotencyMismatchError,
  TooLargeError,
  UnavailableError,
} from '../shared/errors.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { payloadHash, type RandomPart, tokenPart, typedId } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { newSessionSchema } from './contract.ts';
import { oldTokens, tokenAttribute } from './message-tokens.ts';
import { toOpenItem } from './open-table.ts';
import {
  expiryOf,
  MAX_MESSAGES,
  MAX_METADATA_BYTES,
  type Message,
  type NewMessage,
  noSession,
  type SessionHead,
} from './session.ts';
import {
  hasNextNumber,
  headFromItem,
  headKey,
  headToItem,
  messageFromItem,
  messageHash,
  messageKey,
  messageToItem,
  nextNumber,
  summaryKey,
  toListItems,
} from './table.ts';

export type NewSession = z.output<typeof newSessionSchema>;

export interface SessionStoreParts {
  readonly table: Table;
  readonly randomPart: RandomPart;
  readonly registry: AgentRegistry;
  /** Default of a session whose request names none. */
  readonly expiresAfterSeconds: number;
}

/** Opens sessions and appends to them. */
export class SessionStore {
  readonly #parts: SessionStoreParts;

  constructor(parts: SessionStoreParts) {
    this.#parts = parts;
  }

  /**
   * One transaction over the head, the rows that list it and the row the sweep finds it by: 2 write units for each of
   * these 3 (4 with a user). Registers an unknown agent. A repeated clientToken gets the session it made.
   *
   * @throws IdempotencyMismatchError when the token came with another payload
   * @throws TooLargeError when metadata is over 2 KB as JSON
   */
  async create(agentId: string, request: NewSession): Promise<SessionHead> {
    const { randomPart, registry, table } = this.#parts;
    const { clientToken, expiresAfterSeconds = this.#parts.expiresAfterSeconds, ...subject } = request;
    const metadataBytes = Buffer.byteLength(JSON.stringify(subject.metadata ?? {}));
    if (metadataBytes > MAX_METADATA_BYTES)
      throw new TooLargeError(
        `The metadata is ${metadataBytes} bytes as JSON; the limit is ${MAX_METADATA_BYTES}`,
      );
    const now = table.clock();
    const createdAt = now.toISOString();
    const head: SessionHead = {
      agentId,
      sessionId:
        clientToken === undefined
          ? typedId('SESSION', now, randomPart())
          : `SESSION-${Buffer.from(tokenPart(agentId, 'sessions', clientToken))
              .toString('hex')
              .toUpperCase()}`,
      ...subject,
      status: 'active',
      createdAt,
      lastActivityAt: createdAt,
      expiresAfterSeconds,
      expiresAt: expiryOf(now, expiresAfterSeconds, createdAt).toISOString(),
      lastSeq: 0,
    };
    const hash = clientToken === undefined ? undefined : payloadHash(request);
    await registry.noteActivity(agentId);
    const failed = await table.transact([
      table.actions.put(headToItem(head, hash), isVacant(now)),
      ...toListItems(head).map((item) => table.actions.put(item)),
      table.actions.put(toOpenItem(head, Date.parse(head.expiresAt))),
    ]);
    if (!failed) return head;
    // Without a token the id is ours alone: the first try arrived and its answer was lost.
    const found = await table.get(headKey(agentId, head.sessionId));
    if (!found) throw new UnavailableError('The session was collected meanwhile; retry');
    if (found['payloadHash'] !== hash)
      throw new IdempotencyMismatchError('This clientToken came with another payload before');
    return headFromItem(found, now);
  }

  /**
   * Appends a message: an update of the head that takes the next sequence number while the session lives, then a put
   * under it. 2 write units while head and message are ≤ 1 KB each. No transaction: an append that fails between the
   * two leaves a number unused, and prolongs the session.
   *
   * With a clientToken the same update notes on the head the number the token took. A repeat (1 read unit for each KB of
   * message and summary) then meets its own number and its own message. The head remembers the last 16 tokens at least.
   *
   * @throws NotFoundError when the session is absent or has expired
   * @throws ConflictError when it was ended, or holds 10,000 messages
   * @throws IdempotencyMismatchError when the token came with another message
   * @throws TooLargeError over 400 KB as stored
   */
  async append(
    agentId: string,
    sessionId: string,
    content: NewMessage,
    clientToken?: string,
  ): Promise<Message> {
    const { table } = this.#parts;
    const now = table.clock();
    const draft = { ...content, seq: MAX_MESSAGES, createdAt: now.toISOString() };
    const hash = clientToken === undefined ? undefined : messageHash(content);
    const itemOf = (message: Message, ttl: unknown): Item => ({
      ...messageToItem({ agentId, sessionId }, message, ttl),
      ...(hash !== undefined && { hash }),
    });
    assertItemFits(itemOf(draft, now.getTime()), 'The message');
    const token = clientToken === undefined ? undefined : tokenAttribute(clientToken);
    const taken = await this.#takeNumber(agentId, sessionId, now, token);
    if ('message' in taken) return answerOf(taken.message, hash);
    const item = itemOf({ ...draft, seq: taken.seq }, taken.ttl);
    const [failed] = await Promise.all([
      table.putIf(item, isVacant(now)),
      taken.forget.length > 0 && this.#forget(agentId, sessionId, taken.forget),
    ]);
    // There already: the same message, whose first answer was lost, or another one under the same token.
    if (failed) return answerOf(failed.item!, hash);
    return messageFromItem(item);
  }

  /**
   * Takes the next number. A token that was here before gets its number again, or its message if that is stored.
   * @param earlier the number the token has, to be left for another
   */
  async #takeNumber(
    agentId: string,
    sessionId: string,
    now: Date,
    token: string | undefined,
    earlier?: number,
  ): Promise<{ seq: number; ttl: unknown; forget: string[] } | { message: Item }> {
    const { item, failed } = await this.#parts.table.update(
      headKey(agentId, sessionId),
      nextNumber(now, token),
      { condition: hasNextNumber(now, token, earlier), returns: 'ALL_NEW' },
    );
    if (!failed) return { seq: Number(item['lastSeq']), ttl: item['ttl'], forget: oldTokens(item) };
    const found = failed.item;
    if (!found || isExpired(found, now)) throw noSession(agentId, sessionId);
    const known = token === undefined ? undefined : (found[token] as number | undefined);
    const { status, lastSeq } = headFromItem(found, now);
    if (known !== undefined) {
      const { message, isPassed } = await this.#stored(agentId, sessionId, known);
      // Also when it is too late to store it: it was stored in time.
      if (message) return { message };
      if (status === 'active' && !isPassed) return { seq: known, ttl: found['ttl'], forget: [] };
      if (status === 'active' && earlier === undefined)
        return this.#takeNumber(agentId, sessionId, now, token, known);
    }
    if (status === 'expired') throw noSession(agentId, sessionId);
    if (status === 'ended') throw new ConflictError('The session has ended');
    if (lastSeq >= MAX_MESSAGES)
      throw new ConflictError(`The session holds ${MAX_MESSAGES} messages: open another one`);
    // It lives by our clock now, but not by the clock of the condition a moment ago: a retry tells.
    throw new UnavailableError('The session changed meanwhile; retry');
  }

  /**
   * The message under a number, and whether the summary has passed that number: a message stored there from now on would
   * be in no summary and no window. The request that took the number has long given up by then.
   */
  async #stored(agentId: string, sessionId: string, seq: number) {
    const keys = [messageKey(agentId, sessionId, seq), summaryKey(agentId, sessionId)] as const;
    const rows = await this.#parts.table.getAll(keys);
    const [message, summary] = keys.map((key) => rows.find((row) => row[SORT_KEY] === key[SORT_KEY]));
    return { message, isPassed: Number(summary?.['throughSeq'] ?? 0) >= seq };
  }

  /** Not the caller's write: if it fails, a later append does it. */
  async #forget(agentId: string, sessionId: string, tokens: readonly string[]): Promise<void> {
    await this.#parts.table
      .update(headKey(agentId, sessionId), changes({ remove: tokens }), { condition: isPresent })
      .catch(() => undefined);
  }
}

function answerOf(found: Item, hash: string | undefined): Message {
  if (found['hash'] !== hash)
    throw new IdempotencyMismatchError('This clientToken came with another message before');
  return messageFromItem(found);
}
