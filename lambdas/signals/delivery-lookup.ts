import type { Table } from '../shared/dynamodb/table.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { SeenSignals } from './seen-signals.ts';
import { deliveryKey, identityOf } from './table.ts';

/**
 * Tells which signals were delivered to an agent. The delivery itself proves it for as long as the signal lives. The
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
    const items = await this.#table.getAll(keys, { attributes: [SORT_KEY] });
    return new Set(items.map((item) => identityOf(String(item[SORT_KEY])).signalId));
  }
}
