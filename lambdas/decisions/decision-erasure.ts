import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { TraceErasure } from './decision-traces.ts';
import { decisionPartition, identityOf } from './table.ts';

/**
 * The decisions that an erasure removes, and the rows by which they are found. Decisions of others in the same chains
 * keep theirs.
 */
export class DecisionErasure {
  readonly #rows: RemovableRows;
  readonly #traces: TraceErasure;

  constructor(tables: { readonly decisions: Table; readonly state: Table }) {
    this.#rows = new RemovableRows(tables.decisions, 'decisions');
    this.#traces = new TraceErasure(tables.state);
  }

  async *ofAgent(agentId: string, decisionTypes: readonly string[]): AsyncGenerator<Removal> {
    yield* this.#traces.ofAgent(agentId);
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
    for await (const rows of this.#inSessions(agentId, decisionTypes, sessionIds)) {
      // First, because a decision says which span it has.
      yield* this.#traces.ofDecisions(agentId, rows.flatMap(spanOf));
      yield this.#rows.removal(rows);
    }
  }

  async *#inSessions(
    agentId: string,
    decisionTypes: readonly string[],
    sessionIds: ReadonlySet<string>,
  ): AsyncGenerator<Item[]> {
    for (const type of decisionTypes)
      for await (const rows of this.#rows.read(decisionPartition(agentId, type), '', [
        'sessionId',
        'trace',
      ])) {
        const theirs = rows.filter(({ sessionId }) => sessionIds.has(String(sessionId)));
        if (theirs.length > 0) yield theirs;
      }
  }
}

function spanOf(row: Item): { readonly decisionId: string; readonly spanId: string }[] {
  const { spanId } = (row['trace'] ?? {}) as { readonly spanId?: string };
  return spanId === undefined ? [] : [{ decisionId: identityOf(row).decisionId, spanId }];
}
