import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { decisionPartition, identityOf } from './table.ts';

/** The rows of `agent_decisions` that an erasure removes. Decisions of others in the same chains keep theirs. */
export class DecisionErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'decisions');
  }

  async *ofAgent(agentId: string, decisionTypes: readonly string[]): AsyncGenerator<Removal> {
    for (const type of decisionTypes) yield* this.#rows.ofPartition(decisionPartition(agentId, type));
  }

  /** The ids of an agent's decisions in these sessions: reads them all, 0.25 units a KB. */
  async idsInSessions(
    agentId: string,
    decisionTypes: readonly string[],
    sessionIds: ReadonlySet<string>,
  ): Promise<string[]> {
    const found: string[] = [];
    for await (const rows of this.#inSessions(agentId, decisionTypes, sessionIds))
      found.push(...rows.map((row) => identityOf(row).decisionId));
    return found;
  }

  async *ofSessions(
    agentId: string,
    decisionTypes: readonly string[],
    sessionIds: ReadonlySet<string>,
  ): AsyncGenerator<Removal> {
    for await (const rows of this.#inSessions(agentId, decisionTypes, sessionIds))
      yield this.#rows.removal(rows);
  }

  async *#inSessions(
    agentId: string,
    decisionTypes: readonly string[],
    sessionIds: ReadonlySet<string>,
  ): AsyncGenerator<Item[]> {
    for (const type of decisionTypes)
      for await (const rows of this.#rows.read(decisionPartition(agentId, type), '', ['sessionId'])) {
        const theirs = rows.filter(({ sessionId }) => sessionIds.has(String(sessionId)));
        if (theirs.length > 0) yield theirs;
      }
  }
}
