import type * as z from 'zod';
import { changes } from '../shared/dynamodb/expressions.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { countAnswerSchema, countBodySchema } from './working-contract.ts';
import { counterKey, counterTtl, hasRoom, windowAt } from './working-table.ts';

export type CountRequest = z.output<typeof countBodySchema>;
export type CountAnswer = z.output<typeof countAnswerSchema>;

/**
 * Counters over fixed windows, for rate limits and budgets. Counting is one conditional update: of concurrent
 * requests exactly as many pass as the limit allows. A request whose answer was lost may be counted twice when it is
 * retried, but never zero times: for a limit that is the safe side.
 */
export class Counters {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** Counts `by`, unless that would pass the limit: then nothing is counted. A window of another length is another counter. */
  async count(agentId: string, key: string, request: CountRequest): Promise<CountAnswer> {
    await this.#registry.noteActivity(agentId);
    const { windowSeconds, by, limit } = request;
    const window = windowAt(this.#table.clock(), windowSeconds);
    const answer = (value: number, allowed: boolean): CountAnswer => ({
      agentId,
      key,
      value,
      allowed,
      remaining: limit === undefined ? null : Math.max(0, limit - value),
      resetsAt: window.end.toISOString(),
    });
    const { item, failed } = await this.#table.update(
      counterKey(agentId, key, windowSeconds, window.start),
      changes({ set: { ttl: counterTtl(window.end) }, add: { count: by } }),
      { returns: 'UPDATED_NEW', ...(limit !== undefined && { condition: hasRoom(by, limit) }) },
    );
    if (failed) return answer(Number(failed.item?.['count'] ?? 0), false);
    return answer(item['count'] as number, true);
  }
}
