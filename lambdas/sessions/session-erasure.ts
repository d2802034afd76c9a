import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { openKey } from './open-table.ts';
import { listKey, listOf, positionOf, sessionPartition, userPartition } from './table.ts';

export interface SessionOfUser {
  readonly agentId: string;
  readonly sessionId: string;
}

/** Removes the rows of sessions. Those that list a session go last, because they say where the rest is. */
export class SessionErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'state');
  }

  /** Every session of an agent. */
  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    const { partition, prefix } = listOf(agentId);
    for await (const rows of this.#rows.read(partition, prefix, ['userId']))
      for (const row of rows) yield* this.#ofListed(agentId, positionOf(row), row['userId']);
  }

  /** Every session of a user that is listed, with any agent. */
  async ofUser(userId: string): Promise<SessionOfUser[]> {
    const sessions: SessionOfUser[] = [];
    for await (const rows of this.#rows.read(userPartition(userId), '', []))
      for (const row of rows) sessions.push(listedOf(row));
    return sessions;
  }

  async *removeOfUser(userId: string): AsyncGenerator<Removal> {
    for await (const rows of this.#rows.read(userPartition(userId), '', []))
      for (const row of rows) yield* this.#ofListed(listedOf(row).agentId, positionOf(row), userId);
  }

  /** The remains of a session that no row lists any more. */
  async *unlisted({ agentId, sessionId }: SessionOfUser): AsyncGenerator<Removal> {
    yield* this.#rows.ofPartition(sessionPartition(agentId, sessionId));
    yield* this.#rows.existing([openKey(agentId, sessionId)]);
  }

  async *#ofListed(agentId: string, position: string, userId: unknown): AsyncGenerator<Removal> {
    const [, sessionId = ''] = position.split('#');
    yield* this.unlisted({ agentId, sessionId });
    yield* this.#rows.existing([
      listKey(agentId, position),
      ...(userId === undefined ? [] : [listKey(agentId, position, String(userId))]),
    ]);
  }
}

/** `{agentId}#{createdAt}#{sessionId}` */
function listedOf(row: Item): SessionOfUser {
  const [agentId = '', , sessionId = ''] = String(row[SORT_KEY]).split('#');
  return { agentId, sessionId };
}
