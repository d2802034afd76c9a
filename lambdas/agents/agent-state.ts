import { randomUUID } from 'node:crypto';
import { assertItemFits, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import { untilNotOvertaken } from '../shared/dynamodb/overtaken.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, VersionConflictError } from '../shared/errors.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { StateHistory } from './state-history.ts';
import { type AgentState, type StateFields, stateFromItem, stateKey, stateToItem } from './state-table.ts';

/** A checkpoint holds a state plus a longer key and a label: whatever can be stored can be checkpointed. */
const MAX_STATE_BYTES = MAX_ITEM_BYTES - 1024;

/** An agent's current state: one item, replaced as a whole, its earlier versions beside it. */
export class AgentStates {
  readonly #table: Table;
  readonly #registry: AgentRegistry;
  readonly #history: StateHistory;

  constructor(table: Table, registry: AgentRegistry, history: StateHistory) {
    this.#table = table;
    this.#registry = registry;
    this.#history = history;
  }

  /** Strongly consistent. @throws NotFoundError when the agent never put one */
  async get(agentId: string): Promise<AgentState> {
    const state = await this.find(agentId);
    if (!state) throw new NotFoundError(`Agent ${agentId} has no state`);
    return state;
  }

  async find(agentId: string): Promise<AgentState | undefined> {
    const item = await this.#table.get(stateKey(agentId));
    return item && stateFromItem(agentId, item);
  }

  /**
   * Replaces the state and raises its version. A field left out is gone. What it replaces is kept (see StateHistory): a
   * read, and 2 WRU for a state of 1 KB; 1 for the first.
   *
   * @param expectedVersion the version to replace; 0: there is none yet
   * @throws VersionConflictError, TooLargeError
   */
  async put(agentId: string, fields: StateFields, expectedVersion?: number): Promise<AgentState> {
    const updatedAt = this.#table.clock().toISOString();
    const stateAt = (version: number): AgentState => ({ agentId, ...fields, version, updatedAt });
    assertItemFits(stateToItem(stateAt(1)), 'The state', MAX_STATE_BYTES);
    const replace = async (): Promise<AgentState | undefined> => {
      const current = await this.find(agentId);
      const version = current?.version ?? 0;
      if (expectedVersion !== undefined && expectedVersion !== version)
        throw new VersionConflictError(version);
      if (current) await this.#history.keep(current);
      return this.#replace(current, stateAt(version + 1));
    };
    return this.#registry.noteAround(agentId, expectedVersion, () => untilNotOvertaken(replace));
  }

  /** @returns undefined when the current state is another one by now */
  async #replace(current: AgentState | undefined, state: AgentState): Promise<AgentState | undefined> {
    const writeId = randomUUID();
    const failed = await this.#table.putIfVersion({ ...stateToItem(state), writeId }, current?.version);
    // A put whose answer was lost is sent again, and finds itself.
    return !failed || failed.item?.['writeId'] === writeId ? state : undefined;
  }
}
