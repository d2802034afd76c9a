import type { Key, Table } from '../shared/dynamodb/table.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';

/** A signal that was delivered to an agent. It is kept longer than the signal itself, because mining reads it. */
export interface SeenSignal {
  readonly agentId: string;
  readonly signalId: string;
  readonly signalType: string;
  readonly timestamp: string;
}

const SEEN_RETENTION_MS = 95 * DAY_MS;

export const seenPartition = (agentId: string): string => `seen:${agentId}`;

/** Undefined when no signal can have that id. */
function seenKey(agentId: string, signalId: string): Key | undefined {
  const id = parseTypedId(signalId);
  return id && { [PARTITION_KEY]: seenPartition(agentId), [SORT_KEY]: `${id.timestamp}#${signalId}` };
}

/** The `seen:{agentId}` rows of `agent_state`, written by the relay. */
export class SeenSignals {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Idempotent: the row is a function of the signal and the agent. */
  async remember(agentId: string, signalId: string): Promise<void> {
    const key = seenKey(agentId, signalId);
    if (!key) throw new Error(`not a signal id: ${signalId}`);
    await this.#table.put({ ...key, ttl: toTtl(this.#table.clock().getTime() + SEEN_RETENTION_MS) });
  }

  /** Those of these signals the agent has seen, strongly consistent. */
  async knownAmong(agentId: string, signalIds: readonly string[]): Promise<Set<string>> {
    const keys = [...new Set(signalIds)].flatMap((signalId) => seenKey(agentId, signalId) ?? []);
    const items = await this.#table.getAll(keys, { attributes: [SORT_KEY] });
    return new Set(items.map((item) => String(item[SORT_KEY]).split('#')[1]!));
  }

  /** Signals seen with `from ≤ timestamp ≤ until`, oldest first, strongly consistent. */
  async *between(agentId: string, from: string, until: string): AsyncGenerator<SeenSignal> {
    const partition = seenPartition(agentId);
    for await (const items of this.#table.pages({ partition, sort: { from, to: `${until}#~` } }))
      for (const item of items) {
        const [timestamp = '', signalId = ''] = String(item[SORT_KEY]).split('#');
        yield { agentId, signalId, timestamp, signalType: signalId.slice(0, signalId.lastIndexOf('-')) };
      }
  }
}
