import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import { isAbsent } from '../shared/dynamodb/expressions.ts';
import { untilNotOvertaken } from '../shared/dynamodb/overtaken.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ConflictError, IdempotencyMismatchError, VersionConflictError } from '../shared/errors.ts';
import { DAY_MS, SECOND_MS } from '../shared/platform/clock.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { appendAnswerSchema, appendBodySchema } from './working-contract.ts';
import { endAfter, textOf } from './working-memory.ts';
import {
  isLive,
  isUnchanged,
  type KeptAppend,
  storedVersion,
  versionAt,
  workingAttributes,
  workingFromItem,
  workingKey,
} from './working-table.ts';

export type AppendRequest = z.output<typeof appendBodySchema>;
export type AppendAnswer = z.output<typeof appendAnswerSchema>;

/** Appends with a token that an item remembers. */
const KEPT_APPENDS = 16;
const DEFAULT_TTL_SECONDS = DAY_MS / SECOND_MS;

const appendsOf = (item: Item | undefined): readonly KeptAppend[] =>
  (item?.['appends'] as readonly KeptAppend[] | undefined) ?? [];

/** Lists in the working memory that grow at their end, by any number of writers at once. */
export class WorkingLists {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /**
   * Adds items to a list, or begins one. A strongly consistent read and a conditional put of the whole list, again while
   * others are faster. A list that is there keeps its end unless another is asked for.
   *
   * @throws ConflictError when the value is no list; TooLargeError when it would be over 100 KB
   * @throws VersionConflictError; IdempotencyMismatchError when the token came with another append
   */
  async append(agentId: string, key: string, request: AppendRequest): Promise<AppendAnswer> {
    const { clientToken, expectedVersion, ...payload } = request;
    const sent = clientToken === undefined ? undefined : tokenOf(clientToken, payload);
    const done = await this.#registry.noteAround(agentId, expectedVersion, () =>
      untilNotOvertaken(() => this.#tryAppend(agentId, key, request, sent)),
    );
    return { agentId, key, ...done };
  }

  /** @returns undefined when the item was changed in between */
  async #tryAppend(
    agentId: string,
    key: string,
    { items, ttlSeconds, expectedVersion }: AppendRequest,
    sent: Token | undefined,
  ): Promise<Appended | undefined> {
    const found = await this.#table.get(workingKey(agentId, key), { keepExpired: true });
    const earlier = sent && appendsOf(found).find(({ token }) => token === sent.token);
    if (earlier) return answerAgain(earlier, sent);
    const now = this.#table.clock();
    const current = versionAt(found, now);
    if (expectedVersion !== undefined && expectedVersion !== current) throw new VersionConflictError(current);
    const live = isLive(found, now) ? workingFromItem(agentId, found) : undefined;
    if (live && !Array.isArray(live.value))
      throw new ConflictError(`The working memory ${key} holds no list to append to`);
    const list = [...((live?.value as typeof items | undefined) ?? []), ...items];
    const times = {
      updatedAt: now.toISOString(),
      expiresAt:
        live && ttlSeconds === undefined ? live.expiresAt : endAfter(now, ttlSeconds ?? DEFAULT_TTL_SECONDS),
    };
    const done = { version: (found ? storedVersion(found) : 0) + 1, length: list.length, ...times };
    const appends = [...appendsOf(found), ...(sent ? [{ ...sent, ...done }] : [])].slice(-KEPT_APPENDS);
    const item = {
      ...workingKey(agentId, key),
      ...workingAttributes(times, textOf(list), randomUUID()),
      version: done.version,
      ...(appends.length > 0 && { appends }),
    };
    const failed = await this.#table.putIf(item, found ? isUnchanged(found) : isAbsent);
    // A put whose answer was lost is sent again, and finds itself.
    return !failed || failed.item?.['writeId'] === item.writeId ? done : undefined;
  }
}

type Token = Pick<KeptAppend, 'token' | 'payload'>;
type Appended = Omit<KeptAppend, keyof Token>;

const tokenOf = (clientToken: string, payload: object): Token => ({
  token: payloadHash(clientToken),
  payload: payloadHash(payload),
});

function answerAgain(kept: KeptAppend, sent: Token): Appended {
  const { payload, version, length, updatedAt, expiresAt } = kept;
  if (payload !== sent.payload)
    throw new IdempotencyMismatchError('The clientToken was used for another append');
  return { version, length, updatedAt, expiresAt };
}
