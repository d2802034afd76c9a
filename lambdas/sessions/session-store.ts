import type { Table } from '../shared/dynamodb/table.ts';
import { GetCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { failedCondition, failedTransaction } from '../shared/dynamodb/conditions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import {
  ConflictError,
  IdempotencyMismatchError,
  NotFoundError,
  TooLargeError,
  UnavailableError,
} from '../shared/errors.ts';
import { isExpired, SECOND_MS } from '../shared/platform/clock.ts';
import { payloadHash, type RandomPart, tokenPart, typedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { oldTokens, tokenAttribute } from './message-tokens.ts';
import {
  expiryOf,
  MAX_MESSAGES,
  MAX_METADATA_BYTES,
  type Message,
  type NewMessage,
  type SessionHead,
  type SessionSubject,
} from './session.ts';
import {
  headFromItem,
  headKey,
  headToItem,
  type Item,
  messageFromItem,
  messageHash,
  messageKey,
  messageToItem,
  summaryKey,
  toListItems,
  toOpenItem,
} from './table.ts';

export interface NewSession extends SessionSubject {
  readonly expiresAfterSeconds?: number;
  readonly clientToken?: string;
}

export interface SessionStoreParts {
  readonly table: Table;
  readonly randomPart: RandomPart;
  readonly registry: AgentRegistry;
  /** Of sessions that do not say. */
  readonly expiresAfterSeconds: number;
}

const LIVE = 'attribute_exists(#pk) AND attribute_not_exists(#end) AND #until > :now AND lastBy > :now';

export const noSession = (agentId: string, sessionId: string) =>
  new NotFoundError(`Agent ${agentId} has no session ${sessionId}`);

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
    const { randomPart, registry, table: sessions } = this.#parts;
    const { documents, name: table, clock } = sessions;
    const { clientToken, expiresAfterSeconds = this.#parts.expiresAfterSeconds, ...subject } = request;
    const metadataBytes = Buffer.byteLength(JSON.stringify(subject.metadata ?? {}));
    if (metadataBytes > MAX_METADATA_BYTES)
      throw new TooLargeError(
        `The metadata is ${metadataBytes} bytes as JSON; the limit is ${MAX_METADATA_BYTES}`,
      );
    const now = clock();
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
    try {
      await documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: table,
                Item: headToItem(head, hash),
                ConditionExpression: 'attribute_not_exists(#pk) OR #ttl <= :now',
                ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#ttl': 'ttl' },
                ExpressionAttributeValues: { ':now': Math.floor(now.getTime() / SECOND_MS) },
              },
            },
            ...toListItems(head).map((Item) => ({ Put: { TableName: table, Item } })),
            { Put: { TableName: table, Item: toOpenItem(head, Date.parse(head.expiresAt)) } },
          ],
        }),
      );
      return head;
    } catch (error) {
      if (!failedTransaction(error)) throw error;
      // Without a token the id is ours alone: the first try arrived and its answer was lost.
      const found = await this.#readHead(agentId, head.sessionId);
      if (!found) throw new UnavailableError('The session was collected meanwhile; retry');
      if (found['payloadHash'] !== hash)
        throw new IdempotencyMismatchError('This clientToken came with another payload before');
      return headFromItem(found, now);
    }
  }

  /**
   * Appends a message: an update of the head that takes the next sequence number while the session lives, then a put
   * under it. 2 write units while head and message are ≤ 1 KB each. No transaction: an append that fails between the
   * two leaves a number unused, and prolongs the session.
   *
   * With a clientToken the head notes which number the token took, in the same update: a repeat (1 read unit for each KB
   * of message and summary) meets its own number and its own message. The head remembers the last 16 tokens at least.
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
    const { clock } = this.#parts.table;
    const now = clock();
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
    const [stored] = await Promise.all([
      this.#put(item, now),
      taken.forget.length > 0 && this.#forget(agentId, sessionId, taken.forget),
    ]);
    if (stored) return answerOf(stored, hash);
    return messageFromItem(item);
  }

  /**
   * Takes the next number; with a token that was here before, its number, or its message if that is there.
   * @param earlier the number the token has, to be left for another
   */
  async #takeNumber(
    agentId: string,
    sessionId: string,
    now: Date,
    token: string | undefined,
    earlier?: number,
  ): Promise<{ seq: number; ttl: unknown; forget: string[] } | { message: Item }> {
    const asBefore = earlier === undefined ? 'attribute_not_exists(#token)' : '#token = :earlier';
    const { documents, name: table } = this.#parts.table;
    try {
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: headKey(agentId, sessionId),
          UpdateExpression:
            'SET lastSeq = lastSeq + :one, #active = :now, #until = lifeMs + :now' +
            (token === undefined ? '' : ', #token = lastSeq + :one'),
          ConditionExpression:
            `${LIVE} AND lastSeq < :most` + (token === undefined ? '' : ` AND ${asBefore}`),
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            '#end': 'end',
            '#active': 'active',
            '#until': 'until',
            ...(token !== undefined && { '#token': token }),
          },
          ExpressionAttributeValues: {
            ':one': 1,
            ':now': now.getTime(),
            ':most': MAX_MESSAGES,
            ...(earlier !== undefined && { ':earlier': earlier }),
          },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { seq: Number(Attributes!['lastSeq']), ttl: Attributes!['ttl'], forget: oldTokens(Attributes!) };
    } catch (error) {
      const failed = failedCondition(error);
      if (!failed) throw error;
      const found = failed.item;
      if (!found || isExpired(found, now)) throw noSession(agentId, sessionId);
      const known = token === undefined ? undefined : (found[token] as number | undefined);
      const { status, lastSeq } = headFromItem(found, now);
      if (known !== undefined) {
        const { message, isPassed } = await this.#stored(agentId, sessionId, known, now);
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
      // Live to us, over to the clock the condition was held against a moment earlier or later: a retry tells.
      throw new UnavailableError('The session changed meanwhile; retry');
    }
  }

  /**
   * The message under a number, and whether the summary has passed it: what is stored there from now on would be in no
   * summary and no window. Whoever took the number has long given up by then.
   */
  async #stored(agentId: string, sessionId: string, seq: number, now: Date) {
    const keys = [messageKey(agentId, sessionId, seq), summaryKey(agentId, sessionId)];
    const rows = await getAll(this.#parts.table.documents, this.#parts.table.name, keys);
    const row = (key: Item) => rows.find((item) => item[SORT_KEY] === key[SORT_KEY] && !isExpired(item, now));
    return { message: row(keys[0]!), isPassed: Number(row(keys[1]!)?.['throughSeq'] ?? 0) >= seq };
  }

  /**
   * @returns what is there already under this number: the same message, when its first try arrived and the answer was
   *   lost, or another under the same token
   */
  async #put(item: Item, now: Date): Promise<Item | undefined> {
    try {
      await this.#parts.table.documents.send(
        new PutCommand({
          TableName: this.#parts.table.name,
          Item: item,
          // What is left of an expired session that had this id may still be there.
          ConditionExpression: 'attribute_not_exists(#pk) OR #ttl <= :now',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':now': Math.floor(now.getTime() / SECOND_MS) },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return undefined;
    } catch (error) {
      const found = failedCondition(error)?.item;
      if (!found) throw error;
      return found;
    }
  }

  /** Not the caller's write: if it fails, a later append does it. */
  async #forget(agentId: string, sessionId: string, tokens: readonly string[]): Promise<void> {
    await this.#parts.table.documents
      .send(
        new UpdateCommand({
          TableName: this.#parts.table.name,
          Key: headKey(agentId, sessionId),
          UpdateExpression: `REMOVE ${tokens.map((_, i) => `#t${i}`).join(', ')}`,
          ConditionExpression: 'attribute_exists(#pk)',
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            ...Object.fromEntries(tokens.map((token, i) => [`#t${i}`, token])),
          },
        }),
      )
      .catch(() => undefined);
  }

  async #readHead(agentId: string, sessionId: string): Promise<Item | undefined> {
    const { Item } = await this.#parts.table.documents.send(
      new GetCommand({
        TableName: this.#parts.table.name,
        Key: headKey(agentId, sessionId),
        ConsistentRead: true,
      }),
    );
    return Item;
  }
}

function answerOf(found: Item, hash: string | undefined): Message {
  if (found['hash'] !== hash)
    throw new IdempotencyMismatchError('This clientToken came with another message before');
  return messageFromItem(found);
}
