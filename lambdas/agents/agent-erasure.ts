import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { agentPartition, profileKey } from './table.ts';

/**
 * An agent's own partition of `agent_state`: profile, state, checkpoints, working memory, counters and the rows that
 * other rooms keep there. Remove it last, because it says where the rest is. The profile goes last of all, because its
 * decision types say so too.
 */
export class AgentErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'state');
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    const profile = profileKey(agentId);
    for await (const rows of this.#rows.read(agentPartition(agentId), '', [])) {
      const others = rows.filter((row) => row[SORT_KEY] !== profile[SORT_KEY]);
      if (others.length > 0) yield this.#rows.removal(others);
    }
    yield* this.#rows.existing([profile]);
  }
}
