import type * as z from 'zod';
import { keyOf } from '../shared/dynamodb/entity.ts';
import { changes, isPresent } from '../shared/dynamodb/expressions.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { IdempotencyMismatchError } from '../shared/errors.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import type { AgentRegistry } from './agent-registry.ts';
import {
  countedOnce,
  countTokenOf,
  type EarlierCounts,
  earlierCountsOf,
  forgetting,
  isFirstCount,
  type KnownCount,
  knownCount,
  knowsEarlier,
} from './counter-tokens.ts';
import { agentPartition } from './table.ts';
import type { countAnswerSchema, countBodySchema, workingRoutes } from './working-contract.ts';
import { counterKey, counterPrefix, counterTtl, hasRoom, windowAt, windowStartOf } from './working-table.ts';

export type CountRequest = z.output<typeof countBodySchema>;
export type CountQuery = z.output<typeof workingRoutes.getCount.query>;
export type CountAnswer = z.output<typeof countAnswerSchema>;

/** Windows looked at for the tokens of earlier ones: at most 4 read units, once a window. */
const WINDOWS_LOOKED_AT = 16;

/**
 * Counters over fixed windows, for rate limits and budgets. Counting is one conditional update: of concurrent
 * requests exactly as many pass as the limit allows. Without a clientToken, a request whose answer was lost may be
 * counted twice when it is retried, but never zero times: for a limit that is the safe side.
 */
export class Counters {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /**
   * Counts `by`, unless that would pass the limit: then nothing is counted. A window of another length is another counter.
   * 1 write unit.
   *
   * With a clientToken a repeat gets the first answer, also in the next window. The last 16 tokens are known, until an
   * hour after the end of their window. What was refused is not remembered: it counted nothing, and the same token asks
   * again. 1 write unit, 1 more for every eighth count, and for the first of a window 1 more and up to 4 read units.
   *
   * @throws IdempotencyMismatchError when the token came with another body
   */
  async count(agentId: string, key: string, request: CountRequest): Promise<CountAnswer> {
    await this.#registry.noteActivity(agentId);
    const { windowSeconds, by, limit, clientToken } = request;
    const window = windowAt(this.#table.clock(), windowSeconds);
    const counter = { agentId, key, windowSeconds, limit };
    if (clientToken !== undefined) return this.#countOnce(counter, window.start, by, clientToken);
    const { item, failed } = await this.#table.update(
      counterKey(agentId, key, windowSeconds, window.start),
      changes({ set: { ttl: counterTtl(window.end) }, add: { count: by } }),
      { returns: 'UPDATED_NEW', ...(limit !== undefined && { condition: hasRoom(by, limit) }) },
    );
    return failed
      ? answerOf(counter, window.start, countIn(failed.item), false)
      : answerOf(counter, window.start, Number(item['count']), true);
  }

  async #countOnce(counter: Counter, start: Date, by: number, clientToken: string): Promise<CountAnswer> {
    const { agentId, key, windowSeconds, limit } = counter;
    const token = countTokenOf(clientToken, { by, limit });
    const rowKey = counterKey(agentId, key, windowSeconds, start);
    const ttl = counterTtl(endOf(start, windowSeconds));
    const room = limit === undefined ? undefined : hasRoom(by, limit);
    let earlier: EarlierCounts | undefined;
    for (;;) {
      const { item, failed } = await this.#table.update(rowKey, countedOnce(token, by, ttl, earlier), {
        condition: isFirstCount(token, earlier, room),
        returns: 'ALL_NEW',
      });
      if (!failed) {
        await this.#forget(item, start);
        return answerOf(counter, start, Number(item[`v${token.name}`]), true);
      }
      const known = knownCount(failed.item, token.name, start);
      if (known) return repeated(counter, known, token.hash);
      if (earlier || knowsEarlier(failed.item)) return answerOf(counter, start, countIn(failed.item), false);
      const others = await this.#otherWindows(counter, start);
      for (const other of others) {
        const before = knownCount(other, token.name, windowStartOf(other));
        if (before) return repeated(counter, before, token.hash);
      }
      if (limit !== undefined && countIn(failed.item) + by > limit)
        return answerOf(counter, start, countIn(failed.item), false);
      const latest = others.find(knowsEarlier);
      earlier = latest ? earlierCountsOf(latest, windowStartOf(latest)) : {};
    }
  }

  /** The newest other windows. Clocks differ, so one of them may lie ahead of this one. */
  async #otherWindows({ agentId, key, windowSeconds }: Counter, start: Date): Promise<Item[]> {
    const { items } = await this.#table.query({
      partition: agentPartition(agentId),
      sort: { prefix: counterPrefix(key, windowSeconds) },
      descending: true,
      limit: WINDOWS_LOOKED_AT,
    });
    return items.filter((item) => windowStartOf(item).getTime() !== start.getTime());
  }

  /** Not the caller's write: if it fails, a later count does it. */
  async #forget(item: Item, start: Date): Promise<void> {
    const change = forgetting(item, start);
    if (!change) return;
    await this.#table.update(keyOf(item), change, { condition: isPresent }).catch(() => undefined);
  }

  /**
   * The answer that counting would get now, before anything is counted; strongly consistent, 1 RRU. A counter of which
   * nothing was counted in this window stands at 0: for a limit that is no different from one that nobody ever used.
   */
  async read(agentId: string, key: string, request: CountQuery): Promise<CountAnswer> {
    const { windowSeconds, by = 1, limit } = request;
    const { start } = windowAt(this.#table.clock(), windowSeconds);
    const value = countIn(await this.#table.get(counterKey(agentId, key, windowSeconds, start)));
    const counter = { agentId, key, windowSeconds, limit };
    return answerOf(counter, start, value, limit === undefined || value + by <= limit);
  }
}

interface Counter {
  readonly agentId: string;
  readonly key: string;
  readonly windowSeconds: number;
  readonly limit: number | undefined;
}

const countIn = (item: Item | undefined): number => Number(item?.['count'] ?? 0);

const endOf = (start: Date, windowSeconds: number): Date =>
  new Date(start.getTime() + windowSeconds * SECOND_MS);

const answerOf = (
  { agentId, key, windowSeconds, limit }: Counter,
  start: Date,
  value: number,
  allowed: boolean,
): CountAnswer => ({
  agentId,
  key,
  value,
  allowed,
  remaining: limit === undefined ? null : Math.max(0, limit - value),
  resetsAt: endOf(start, windowSeconds).toISOString(),
});

function repeated(counter: Counter, known: KnownCount, hash: string): CountAnswer {
  if (known.hash !== hash)
    throw new IdempotencyMismatchError('This clientToken came with another count before');
  return answerOf(counter, known.windowStart, known.value, true);
}
