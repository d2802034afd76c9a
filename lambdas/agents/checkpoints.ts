import type * as z from 'zod';
import { hasVersion } from '../shared/dynamodb/expressions.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { ConflictError, NotFoundError, VersionConflictError } from '../shared/errors.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import type { TokenAnswers } from '../shared/token-answers.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { AgentStates } from './agent-state.ts';
import type { stateRoutes } from './state-contract.ts';
import type { StateHistory } from './state-history.ts';
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

/** The newest of each kind that a list shows. One more is on the table until the next snapshot prunes it. */
const KEPT_SNAPSHOTS = 50;

/** Tries of a restore that names no version: it replaces whatever is there, even if that changes meanwhile. */
const RESTORE_ATTEMPTS = 5;

export interface RestoredState extends AgentState {
  /** The state that was replaced; restore it to undo. */
  readonly backupId: string;
}

export interface CheckpointsParts {
  readonly table: Table;
  readonly registry: AgentRegistry;
  readonly states: AgentStates;
  readonly history: StateHistory;
  readonly randomPart: RandomPart;
  readonly answers: TokenAnswers<SnapshotSummary>;
}

export type CheckpointRequest = z.output<NonNullable<typeof stateRoutes.createCheckpoint.body>>;

/** Snapshots of an agent's state: checkpoints it asked for, and the backup each restore leaves. */
export class Checkpoints {
  readonly #table: Table;
  readonly #registry: AgentRegistry;
  readonly #states: AgentStates;
  readonly #history: StateHistory;
  readonly #randomPart: RandomPart;
  readonly #answers: TokenAnswers<SnapshotSummary>;

  constructor({ table, registry, states, history, randomPart, answers }: CheckpointsParts) {
    this.#table = table;
    this.#registry = registry;
    this.#states = states;
    this.#history = history;
    this.#randomPart = randomPart;
    this.#answers = answers;
  }

  /**
   * Copies the current state. With a clientToken (1 read and 2 write units more) a repeat gets the first answer, also when
   * the state has changed or the checkpoint was pruned since; it prunes nothing.
   *
   * @throws ConflictError when there is no state
   * @throws IdempotencyMismatchError when the token came with another label
   */
  async create(agentId: string, { label, clientToken }: CheckpointRequest): Promise<SnapshotSummary> {
    const request =
      clientToken === undefined
        ? undefined
        : { agentId, route: 'checkpoints', clientToken, payload: { label } };
    const earlier = request && (await this.#answers.find(request));
    if (earlier) return earlier;
    const state = await this.#stateOf(agentId);
    await this.#registry.noteActivity(agentId);
    await this.#prune(agentId, 'checkpoint');
    const snapshot = this.#snapshotOf(state, 'checkpoint', label);
    const summary = snapshotSummaryOf(agentId, snapshotToItems(snapshot).head);
    const token = request && this.#answers.put(request, summary);
    const failed = await this.#table.transact([...this.#puts(snapshot), ...(token ? [token] : [])]);
    // Only the token has a condition: a repeat came first.
    return request && failed ? this.#answers.answerIn(request, failed.at(-1)?.item) : summary;
  }

  /** @throws NotFoundError */
  async get(agentId: string, checkpointId: string): Promise<Snapshot> {
    const identity = snapshotIdentity(checkpointId);
    const data = identity && (await this.#table.get(snapshotDataKey(agentId, identity.kind, checkpointId)));
    if (!data) throw new NotFoundError(`Agent ${agentId} has no checkpoint ${checkpointId}`);
    return snapshotOf(agentId, data);
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
      await this.#history.keep(current);
      const overtaken = await this.#table.transact([
        this.#table.actions.put(stateToItem(state), hasVersion(current.version)),
        ...this.#puts(backup),
      ]);
      if (!overtaken) return { ...state, backupId: backup.checkpointId };
      if (attempt === RESTORE_ATTEMPTS)
        throw new VersionConflictError((await this.#stateOf(agentId)).version);
      // Otherwise again, from the state as it is now: if a version was named and has passed, that says so.
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
    return [head, data].map((item) => this.#table.actions.put(item));
  }

  async #newest(agentId: string, kind: SnapshotKind, limit: number): Promise<SnapshotSummary[]> {
    const { items } = await this.#table.query({
      partition: agentPartition(agentId),
      sort: { prefix: headPrefix(kind) },
      descending: true,
      limit,
    });
    return items.map((item) => snapshotSummaryOf(agentId, item));
  }

  /**
   * Before a snapshot, not after it: a snapshot that was made is then never answered with the error of its clean-up.
   * The data goes first: a head without data is out of every list and pruned again, data without a head would stay.
   */
  async #prune(agentId: string, kind: SnapshotKind): Promise<void> {
    const surplus = (await this.#newest(agentId, kind, 2 * KEPT_SNAPSHOTS)).slice(KEPT_SNAPSHOTS);
    for (const { checkpointId } of surplus) {
      await this.#table.delete(snapshotDataKey(agentId, kind, checkpointId));
      await this.#table.delete(snapshotHeadKey(agentId, kind, checkpointId));
    }
  }
}
