import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { counterKey, counterTtl, windowAt } from './working-table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface CountRequest {
  readonly windowSeconds: number;
  readonly by: number;
  /** Most that may be counted in one window; without it everything is. */
  readonly limit?: number;
}

export interface CountAnswer {
  readonly agentId: string;
  readonly key: string;
  /** Counted in this window, this request included if it was allowed. */
  readonly value: number;
  readonly allowed: boolean;
  /** What `limit` leaves; `null` without one. */
  readonly remaining: number | null;
  /** End of the window. */
  readonly resetsAt: string;
}

/**
 * Counters over fixed windows, for rate limits and budgets. Counting is one conditional update: of concurrent
 * requests exactly as many pass as the limit allows. A request whose answer got lost may be counted twice when it is
 * retried, never not at all: for a limit that is the safe side.
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
    try {
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: counterKey(agentId, key, windowSeconds, window.start),
          UpdateExpression: 'SET #ttl = :ttl ADD #count :by',
          ...(limit !== undefined && {
            // More than the limit at once never fits, not even into an empty window.
            ConditionExpression:
              by > limit ? '#count <= :room' : 'attribute_not_exists(#count) OR #count <= :room',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          ExpressionAttributeNames: { '#count': 'count', '#ttl': 'ttl' },
          ExpressionAttributeValues: {
            ':by': by,
            ':ttl': counterTtl(window.end),
            ...(limit !== undefined && { ':room': limit - by }),
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return answer(Attributes!['count'] as number, true);
    } catch (error) {
      const failed = failedCondition(error);
      if (failed) return answer(Number(failed.item?.['count'] ?? 0), false);
      throw error;
    }
  }
}
