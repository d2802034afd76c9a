import { DeleteCommand, GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { failedTransaction, isTransactionConflict } from '../shared/dynamodb/conditions.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { ConflictError, NotFoundError, VersionConflictError } from '../shared/errors.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { AgentStates } from './agent-state.ts';
import {
  type AgentState,
  headPrefix,
  type Snapshot,
  SNAPSHOT_TYPES,
  snapshotDataKey,
  snapshotHeadKey,
  snapshotIdentity,
  type SnapshotKind,
  snapshotOf,
  type SnapshotSummary,
  snapshotSummaryOf,
  snapshotToItems,
  stateToItem,
} from './state-table.ts';
import { agentPartition } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** The newest of each kind that a list shows. One more is on the table until the next snapshot prunes it. */
const KEPT_SNAPSHOTS = 50;

/** A restore that names no version replaces whatever is there, even if it changes meanwhile; so often it tries. */
const RESTORE_ATTEMPTS = 5;

export interface RestoredState extends AgentState {
  /** The state that was replaced; restore it to undo. */
  readonly backupId: string;
}

/** Snapshots of an agent's state: checkpoints it asked for, and the backup each restore leaves. */
export class Checkpoints {
  readonly #table: Table;
  readonly #randomPart: RandomPart;
  readonly #registry: AgentRegistry;
  readonly #states: AgentStates;

  constructor(table: Table, randomPart: RandomPart, registry: AgentRegistry, states: AgentStates) {
    this.#table = table;
    this.#randomPart = randomPart;
    this.#registry = registry;
    this.#states = states;
  }

  /** Copies the current state. @throws ConflictError when there is none */
  async create(agentId: string, label?: string): Promise<SnapshotSummary> {
    const state = await this.#stateOf(agentId);
    await this.#registry.noteActivity(agentId);
    await this.#prune(agentId, 'checkpoint');
    const snapshot = this.#snapshotOf(state, 'checkpoint', label);
    await this.#table.documents.send(new TransactWriteCommand({ TransactItems: this.#puts(snapshot) }));
    return snapshotSummaryOf(agentId, snapshotToItems(snapshot).head);
  }

  /** @throws NotFoundError */
  async get(agentId: string, checkpointId: string): Promise<Snapshot> {
    const identity = snapshotIdentity(checkpointId);
    const { Item } = identity
      ? await this.#table.documents.send(
          new GetCommand({
            TableName: this.#table.name,
            Key: snapshotDataKey(agentId, identity.kind, checkpointId),
            ConsistentRead: true,
          }),
        )
      : {};
    if (!Item) throw new NotFoundError(`Agent ${agentId} has no checkpoint ${checkpointId}`);
    return snapshotOf(agentId, Item);
  }

  /** The newest 50 of a kind, newest first, without the states they hold. */
  async list(
    agentId: string,
    {
      kind = 'checkpoint',
      maxResults = 20,
      nextToken,
    }: { kind?: SnapshotKind; maxResults?: number; nextToken?: string },
  ) {
    const query = ['checkpoints', agentId, kind];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const newest = await this.#newest(agentId, kind, KEPT_SNAPSHOTS);
    const rest = after === undefined ? newest : newest.filter(({ checkpointId }) => checkpointId < after);
    const items = rest.slice(0, maxResults);
    const last = items.at(-1);
    return {
      items,
      nextToken: rest.length > maxResults && last ? encodePageToken(query, last.checkpointId) : null,
    };
  }

  /**
   * Puts a checkpoint's (or a backup's) state in place of the current one, which becomes a backup: one transaction,
   * so there is never one without the other.
   *
   * @throws NotFoundError, VersionConflictError, ConflictError when there is no state to replace
   */
  async restore(agentId: string, checkpointId: string, expectedVersion?: number): Promise<RestoredState> {
    const snapshot = await this.get(agentId, checkpointId);
    await this.#registry.noteActivity(agentId);
    await this.#prune(agentId, 'backup');
    for (let attempt = 1; ; attempt++) {
      const current = await this.#stateOf(agentId);
      if (expectedVersion !== undefined && current.version !== expectedVersion)
        throw new VersionConflictError(current.version);
      const backup = this.#snapshotOf(current, 'backup');
      const state: AgentState = {
        agentId,
        ...snapshot.state,
        version: current.version + 1,
        updatedAt: this.#table.clock().toISOString(),
        restoredFrom: checkpointId,
      };
      try {
        await this.#table.documents.send(
          new TransactWriteCommand({
            TransactItems: [
              {
                Put: {
                  TableName: this.#table.name,
                  Item: stateToItem(state),
                  ConditionExpression: '#version = :current',
                  ExpressionAttributeNames: { '#version': 'version' },
                  ExpressionAttributeValues: { ':current': current.version },
                },
              },
              ...this.#puts(backup),
            ],
          }),
        );
        return { ...state, backupId: backup.checkpointId };
      } catch (error) {
        const overtaken = failedTransaction(error) !== undefined;
        if (attempt === RESTORE_ATTEMPTS || !(overtaken || isTransactionConflict(error)))
          throw overtaken ? new VersionConflictError((await this.#stateOf(agentId)).version) : error;
        // Otherwise again, from the state as it is now: if a version was named and has passed, that says so.
      }
    }
  }

  async #stateOf(agentId: string): Promise<AgentState> {
    const state = await this.#states.find(agentId);
    if (!state) throw new ConflictError(`Agent ${agentId} has no state`);
    return state;
  }

  #snapshotOf(current: AgentState, kind: SnapshotKind, label?: string): Snapshot {
    const { agentId, version, updatedAt: _, restoredFrom: __, ...state } = current;
    const now = this.#table.clock();
    return {
      agentId,
      checkpointId: typedId(SNAPSHOT_TYPES[kind], now, this.#randomPart()),
      kind,
      label,
      stateVersion: version,
      status: state.status,
      createdAt: now.toISOString(),
      state,
    };
  }

  #puts(snapshot: Snapshot) {
    const { head, data } = snapshotToItems(snapshot);
    return [head, data].map((Item) => ({ Put: { TableName: this.#table.name, Item } }));
  }

  async #newest(agentId: string, kind: SnapshotKind, limit: number): Promise<SnapshotSummary[]> {
    const { Items } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': agentPartition(agentId), ':prefix': headPrefix(kind) },
        Limit: limit,
      }),
    );
    return (Items ?? []).map((item) => snapshotSummaryOf(agentId, item));
  }

  /**
   * Before a snapshot, not after it: a snapshot that was made is then never answered with the error of its clean-up.
   * The data goes first: a head without data is out of every list and pruned again, data without a head would stay.
   */
  async #prune(agentId: string, kind: SnapshotKind): Promise<void> {
    const surplus = (await this.#newest(agentId, kind, 2 * KEPT_SNAPSHOTS)).slice(KEPT_SNAPSHOTS);
    for (const { checkpointId } of surplus)
      for (const Key of [
        snapshotDataKey(agentId, kind, checkpointId),
        snapshotHeadKey(agentId, kind, checkpointId),
      ])
        await this.#table.documents.send(new DeleteCommand({ TableName: this.#table.name, Key }));
  }
}
