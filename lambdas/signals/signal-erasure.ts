import { keyOf } from '../shared/dynamodb/entity.ts';
import { changes, isPresent, says } from '../shared/dynamodb/expressions.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { type IndexSchema, SORT_KEY } from '../shared/schema/tables.ts';
import {
  BROADCAST_BUCKETS,
  broadcastFromItem,
  broadcastPartition,
  unheardPartition,
} from './broadcast-table.ts';
import { seenPartition } from './seen-signals.ts';
import {
  deliveriesOf,
  identityOf,
  inboxIndex,
  inboxKey,
  sentIndex,
  sentKey,
  subscriberKey,
  subscriptionsKey,
  targetsOf,
} from './table.ts';

/** A publisher or a sweep that began before its broadcast was stopped has ended by then. */
const WRITERS_END_MS = 2 * MINUTE_MS;
/** Deliveries handed on at a time; each is a transaction of its own. */
const PAGE = 99;

/**
 * The signals an agent sent, with the copies of all targets, and the deliveries it got; expired ones too. Broadcasts go
 * first, so that no sweep delivers what was just removed. The first
 * delivery of a signal carries the attributes that its sender's list and token need. Where that one goes and others
 * stay, the next one takes them over.
 */
export class SignalErasure {
  readonly #signals: Table;
  readonly #state: Table;
  readonly #deliveries: RemovableRows;
  readonly #rows: RemovableRows;

  constructor(signals: Table, state: Table) {
    this.#signals = signals;
    this.#state = state;
    this.#deliveries = new RemovableRows(signals, 'signals');
    this.#rows = new RemovableRows(state, 'state');
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    yield* this.#broadcasts(agentId);
    for await (const firsts of this.#index(sentIndex, sentKey(agentId)))
      for (const first of firsts) yield* this.#deliveriesOf(identityOf(String(first[SORT_KEY])).signalId);
    for (const box of ['open', 'closed'] as const)
      for await (const deliveries of this.#index(inboxIndex, inboxKey(agentId, box)))
        for (const removal of await this.#received(deliveries)) yield removal;
    yield* this.#rows.ofPartition(seenPartition(agentId));
    yield* this.#rows.ofPartition(unheardPartition(agentId));
    yield* this.#subscriptions(agentId);
  }

  /**
   * Unfinished broadcasts: its own are stopped, and go when no writer of theirs can be in flight any more; until then
   * each pass removes what one of them has delivered. Others lose its name.
   */
  async *#broadcasts(agentId: string): AsyncGenerator<Removal> {
    for (let bucket = 0; bucket < BROADCAST_BUCKETS; bucket++)
      for await (const rows of this.#rows.read(broadcastPartition(bucket)))
        for (const row of rows) {
          const { signal, targets, withdrawnAt } = broadcastFromItem(row);
          if (signal.sourceAgent === agentId) {
            const now = this.#state.clock().getTime();
            if (withdrawnAt === undefined)
              yield {
                table: 'state',
                actions: [
                  this.#state.actions.update(keyOf(row), changes({ set: { withdrawnAt: now } }), isPresent),
                ],
                rows: 0,
              };
            yield* this.#deliveriesOf(signal.signalId);
            if (withdrawnAt !== undefined && now - withdrawnAt >= WRITERS_END_MS)
              yield this.#rows.removal([row]);
          } else if (targets.includes(agentId)) {
            const left = changes({ set: { targets: targets.filter((target) => target !== agentId) } });
            const unchanged = says({ targets });
            yield {
              table: 'state',
              actions: [this.#state.actions.update(keyOf(row), left, unchanged)],
              rows: 0,
            };
          }
        }
  }

  /** The first delivery last: only it is in the sender's index, so a pass that is cut short finds the rest again. */
  async *#deliveriesOf(signalId: string): AsyncGenerator<Removal> {
    const range = deliveriesOf(signalId);
    if (range) yield* this.#deliveries.ofPartition(range.partition, range.sort.prefix, { descending: true });
  }

  /** Read again from the table: an index may still show deliveries that are gone. */
  async #received(listed: readonly Item[]): Promise<Removal[]> {
    const rows = await this.#signals.getAll(listed.map(keyOf), { keepExpired: true });
    const alone = rows.filter((row) => targetsOf(row)?.targetCount === 1);
    const removals = alone.length > 0 ? [this.#deliveries.removal(alone)] : [];
    for (const row of rows) if (!alone.includes(row)) removals.push(await this.#oneOfSeveral(row));
    return removals;
  }

  /** Takes a delivery, and its target's name from the row that lists them: the first one, or the next if that goes. */
  async #oneOfSeveral(row: Item): Promise<Removal> {
    const { signalId, targetAgent } = identityOf(String(row[SORT_KEY]));
    const { items } = await this.#signals.query({ ...deliveriesOf(signalId)!, keepExpired: true, limit: 2 });
    const [first, second] = items;
    const gone = this.#deliveries.removal([row]);
    const heir = first?.[SORT_KEY] === row[SORT_KEY] ? second : first;
    const named = first && targetsOf(first);
    if (!heir || !named) return gone;
    const takeOver = changes({
      set: {
        sentKey: first['sentKey'],
        payloadHash: first['payloadHash'],
        targetAgents: named.targetAgents.filter((target) => target !== targetAgent),
        targetCount: first['targetCount'],
      },
    });
    return {
      ...gone,
      // Deleted meanwhile, the heir must not come back as half a row.
      actions: [...gone.actions, this.#signals.actions.update(keyOf(heir), takeOver, isPresent)],
    };
  }

  async *#subscriptions(agentId: string): AsyncGenerator<Removal> {
    const own = await this.#state.get(subscriptionsKey(agentId));
    if (!own) return;
    const types = own['signalTypes'] as readonly string[];
    yield* this.#rows.existing([
      ...types.map((signalType) => subscriberKey(signalType, agentId)),
      subscriptionsKey(agentId),
    ]);
  }

  async *#index(index: IndexSchema, partition: string): AsyncGenerator<Item[]> {
    const pages = this.#signals.pages({ partition, index, keepExpired: true, limit: PAGE });
    for await (const items of pages) if (items.length > 0) yield items;
  }
}
