import { getAll } from '../shared/dynamodb/batch-get.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { SeenSignals } from './seen-signals.ts';
import { deliveryKey } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/**
 * Whether signals were delivered to an agent. The delivery itself proves it for as long as the signal lives; the
 * `seen:` row, which the relay writes a moment later, proves it long after.
 */
export class DeliveryLookup {
  readonly #table: Table;
  readonly #seen: SeenSignals;

  constructor(table: Table, seen: SeenSignals) {
    this.#table = table;
    this.#seen = seen;
  }

  /** Those of the signals that never reached the agent; strongly consistent. */
  async unknown(agentId: string, signalIds: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(signalIds)];
    const [seen, delivered] = await Promise.all([
      this.#seen.knownAmong(agentId, wanted),
      this.#delivered(agentId, wanted),
    ]);
    return wanted.filter((signalId) => !seen.has(signalId) && !delivered.has(signalId));
  }

  async #delivered(agentId: string, signalIds: readonly string[]): Promise<Set<string>> {
    const keys = signalIds.flatMap((signalId) => deliveryKey(signalId, agentId) ?? []);
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
}
