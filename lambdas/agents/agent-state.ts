import { hasVersion } from '../shared/dynamodb/expressions.ts';
import { assertItemFits, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, VersionConflictError } from '../shared/errors.ts';
import type { AgentRegistry } from './agent-registry.ts';
import {
  type AgentState,
  type StateFields,
  stateFromItem,
  stateKey,
  stateReplacement,
  stateToItem,
} from './state-table.ts';

/** A checkpoint holds a state plus a longer key and a label: whatever can be stored can be checkpointed. */
const MAX_STATE_BYTES = MAX_ITEM_BYTES - 1024;

/** An agent's current state: one item, replaced as a whole. */
export class AgentStates {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
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
   * Replaces the state and raises its version. A field left out is gone.
   *
   * @param expectedVersion the version to replace; 0: there is none yet
   * @throws VersionConflictError, TooLargeError
   */
  async put(agentId: string, fields: StateFields, expectedVersion?: number): Promise<AgentState> {
    const now = this.#table.clock();
    assertItemFits(
      stateToItem({ ...fields, agentId, version: 1, updatedAt: now.toISOString() }),
      'The state',
      MAX_STATE_BYTES,
    );
    // A version to replace means that there should be an agent: when it is refused, the write must not register one.
    const mayBeRefused = expectedVersion !== undefined && expectedVersion > 0;
    if (!mayBeRefused) await this.#registry.noteActivity(agentId);
    const state = await this.#replace(agentId, fields, expectedVersion, now);
    if (mayBeRefused) await this.#registry.noteActivity(agentId);
    return state;
  }

  async #replace(
    agentId: string,
    fields: StateFields,
    expectedVersion: number | undefined,
    now: Date,
  ): Promise<AgentState> {
    const { item, failed } = await this.#table.update(stateKey(agentId), stateReplacement(fields, now), {
      returns: 'ALL_NEW',
      // 0: there is none yet.
      ...(expectedVersion !== undefined && { condition: hasVersion(expectedVersion || undefined) }),
    });
    if (failed) throw new VersionConflictError(Number(failed.item?.['version'] ?? 0));
    return stateFromItem(agentId, item);
  }
}
