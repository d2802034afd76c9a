import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { assertItemFits, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
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
import type { Table } from '../shared/dynamodb/table.ts';

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
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: stateKey(agentId), ConsistentRead: true }),
    );
    return Item && stateFromItem(agentId, Item);
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
    // A version to replace means there should be a state, so an agent: refused, the write must not register one.
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
    const update = stateReplacement(fields, now);
    try {
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: stateKey(agentId),
          ...update,
          ...(expectedVersion !== undefined && {
            ConditionExpression:
              expectedVersion === 0 ? 'attribute_not_exists(#version)' : '#version = :expected',
            ExpressionAttributeValues: {
              ...update.ExpressionAttributeValues,
              ...(expectedVersion > 0 && { ':expected': expectedVersion }),
            },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          ReturnValues: 'ALL_NEW',
        }),
      );
      return stateFromItem(agentId, Attributes!);
    } catch (error) {
      const failed = failedCondition(error);
      if (failed) throw new VersionConflictError(Number(failed.item?.['version'] ?? 0));
      throw error;
    }
  }
}
