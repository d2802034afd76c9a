import { AnswerRoom } from '../shared/answer-room.ts';
import { anyOf, isAbsent } from '../shared/dynamodb/expressions.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import {
  type AgentState,
  KEPT_VERSIONS,
  stateFromItem,
  stateKey,
  versionKey,
  versionToItem,
} from './state-table.ts';

/** Versions read at a time: at their largest they are 4 MB. */
const CHUNK = 10;

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;

/**
 * Earlier versions of agents' states: the newest 50, with the current one. A version is kept before it is replaced, so
 * none that was current is lost when its writer dies. Each takes the row of the one 50 before it: nothing is trimmed.
 */
export class StateHistory {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Call before a state is replaced. Costs what the state itself does: 1 WRU for 1 KB. */
  async keep(state: AgentState): Promise<void> {
    // A late writer must not put an old version over a newer one. Its own replacement then fails too.
    await this.#table.putIf(versionToItem(state), anyOf(isAbsent, olderThan(state.version)));
  }

  /**
   * Newest first, the current version included; strongly consistent. Versions replaced before the service kept them are
   * missing. A page ends before 4 MB, so it can be short, but has a `nextToken` then.
   */
  async list(agentId: string, { maxResults = 20, nextToken }: { maxResults?: number; nextToken?: string }) {
    const query = ['state history', agentId];
    const after = decodePageToken(query, nextToken, isVersion);
    const current = await this.#table.get(stateKey(agentId));
    const newest = current ? stateFromItem(agentId, current) : undefined;
    const items: AgentState[] = [];
    const room = new AnswerRoom();
    for await (const state of this.#from(agentId, newest, after)) {
      const last = items.at(-1);
      if (last && (items.length === maxResults || !room.take(state)))
        return { items, nextToken: encodePageToken(query, last.version) };
      if (!last) room.take(state);
      items.push(state);
    }
    return { items, nextToken: null };
  }

  async *#from(
    agentId: string,
    newest: AgentState | undefined,
    after: number | undefined,
  ): AsyncGenerator<AgentState> {
    if (!newest) return;
    if (after === undefined || newest.version < after) yield newest;
    const oldest = Math.max(1, newest.version - KEPT_VERSIONS + 1);
    const start = Math.min(newest.version, after ?? newest.version) - 1;
    for (let top = start; top >= oldest; top -= CHUNK) {
      const versions = Array.from({ length: Math.min(CHUNK, top - oldest + 1) }, (_, i) => top - i);
      const rows = await this.#table.getAll(versions.map((version) => versionKey(agentId, version)));
      const states = new Map(
        rows.map((row) => stateFromItem(agentId, row)).map((state) => [state.version, state]),
      );
      for (const version of versions) {
        const state = states.get(version);
        if (state) yield state;
      }
    }
  }
}

const olderThan = (version: number) => ({
  expression: '#version <= :version',
  names: { '#version': 'version' },
  values: { ':version': version },
});
