import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { DAY_MS, SECOND_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** A signal that was delivered to an agent: remembered longer than the signal itself, because mining reads it. */
export interface SeenSignal {
  readonly agentId: string;
  readonly signalId: string;
  readonly signalType: string;
  readonly timestamp: string;
}

const SEEN_RETENTION_MS = 95 * DAY_MS;

export const seenPartition = (agentId: string): string => `seen:${agentId}`;
const seenSortKey = (timestamp: string, signalId: string): string => `${timestamp}#${signalId}`;

/** The `seen:{agentId}` rows of `agent_state`, written by the relay. */
export class SeenSignals {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Idempotent: the row is a function of the signal and the agent. */
  async remember(agentId: string, signalId: string): Promise<void> {
    const id = parseTypedId(signalId);
    if (!id) throw new Error(`not a signal id: ${signalId}`);
    await this.#table.documents.send(
      new PutCommand({
        TableName: this.#table.name,
        Item: {
          [PARTITION_KEY]: seenPartition(agentId),
          [SORT_KEY]: seenSortKey(id.timestamp, signalId),
          ttl: toTtl(this.#table.clock().getTime() + SEEN_RETENTION_MS),
        },
      }),
    );
  }

  /** Those of these signals the agent has seen, strongly consistent. */
  async knownAmong(agentId: string, signalIds: readonly string[]): Promise<Set<string>> {
    const keys = [...new Set(signalIds)].flatMap((signalId) => {
      const id = parseTypedId(signalId);
      return id
        ? [{ [PARTITION_KEY]: seenPartition(agentId), [SORT_KEY]: seenSortKey(id.timestamp, signalId) }]
        : [];
    });
    const now = this.#table.clock().getTime();
    const items = await getAll(this.#table.documents, this.#table.name, keys, {
      attributes: [SORT_KEY, 'ttl'],
    });
    return new Set(
      items
        .filter((item) => Number(item['ttl']) * SECOND_MS > now)
        .map((item) => String(item[SORT_KEY]).split('#')[1]!),
    );
  }

  /** Signals seen with `from ≤ timestamp ≤ until`, oldest first, strongly consistent. */
  async *between(agentId: string, from: string, until: string): AsyncGenerator<SeenSignal> {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :until',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: { ':pk': seenPartition(agentId), ':from': from, ':until': `${until}#~` },
          ExclusiveStartKey: start,
        }),
      );
      for (const item of page.Items ?? []) {
        const [timestamp = '', signalId = ''] = String(item[SORT_KEY]).split('#');
        yield { agentId, signalId, timestamp, signalType: signalId.slice(0, signalId.lastIndexOf('-')) };
      }
      start = page.LastEvaluatedKey;
    } while (start);
  }
}
