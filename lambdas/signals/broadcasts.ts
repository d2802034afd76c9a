import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isAbsent, says } from '../shared/dynamodb/expressions.ts';
import { assertItemFits, itemBytes } from '../shared/dynamodb/item-size.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ThrottledError, UnavailableError } from '../shared/errors.ts';
import { MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import {
  BROADCAST_BUCKETS,
  type Broadcast,
  broadcastFromItem,
  broadcastKey,
  broadcastPartition,
  broadcastToItem,
} from './broadcast-table.ts';
import { MAX_TARGETS } from './signal-limits.ts';
import { deliveriesOf, identityOf, toItems } from './table.ts';

/** Write units a second: half of what the partition of a type takes. A part is at most 0.66 seconds of them. */
const UNITS_PER_SECOND = 450;
const UNITS_PER_PART = 300;
/** A delivery in a transaction costs two for its row and one for its place in the inbox, for each KB. */
const UNITS_PER_KILOBYTE = 3;
/** A publisher serves its own broadcast for less than this; then the sweep may. */
const LEFT_BEHIND_MS = MINUTE_MS;

export interface BroadcastSweep {
  /** Broadcasts that their publisher left unfinished. */
  readonly due: number;
  /** Those of them that every subscriber has now. */
  readonly finished: number;
  readonly failed: number;
}

export interface BroadcastParts {
  readonly signals: Table;
  readonly state: Table;
  readonly registry: Pick<AgentRegistry, 'registered'>;
}

/**
 * Signals to more subscribers than one transaction takes. The list of subscribers is stored first; then they are served in
 * parts, each a transaction. The list goes when the last part is written, so a broadcast that stops in the middle is
 * found by the sweep. A delivery that is there already is never written again.
 */
export class Broadcasts {
  readonly #parts: BroadcastParts;

  constructor(parts: BroadcastParts) {
    this.#parts = parts;
  }

  find(signalId: string): Promise<Broadcast | undefined> {
    return this.#parts.state
      .get(broadcastKey(signalId))
      .then((item) => (item ? broadcastFromItem(item) : undefined));
  }

  /**
   * Stores the list: from here on the signal reaches every subscriber.
   *
   * @returns the broadcast that is stored under this id, maybe by another request with the same token
   * @throws TooLargeError when the list is
   */
  async begin(broadcast: Broadcast): Promise<Broadcast> {
    const item = broadcastToItem(broadcast);
    assertItemFits(item, 'The signal with its subscribers');
    const failed = await this.#parts.state.putIfNew(item);
    return failed?.item ? broadcastFromItem(failed.item) : broadcast;
  }

  /** Forgets a broadcast that is finished, or of which nothing was served; not one that an erasure stopped. */
  async withdraw(signalId: string): Promise<void> {
    await this.#parts.state.deleteIf(broadcastKey(signalId), says({ withdrawnAt: undefined }));
  }

  /**
   * Serves a broadcast that was just begun.
   *
   * @param isLate asked before each part but the first: true leaves the rest to the sweep
   * @returns how many subscribers have the signal now
   */
  async serve(broadcast: Broadcast, isLate: () => boolean): Promise<number> {
    let delivered = 0;
    let isFirst = true;
    try {
      for await (const part of this.#paced(itemsOf(broadcast, broadcast.targets, true), isLate)) {
        const wanted = isFirst ? part : await this.#stillWanted(broadcast.signal.signalId, part);
        if (!wanted) return delivered;
        isFirst = false;
        await this.#write(wanted);
        delivered += wanted.length;
      }
      if (delivered === broadcast.targets.length) await this.withdraw(broadcast.signal.signalId);
    } catch (error) {
      // The list is stored: the rest is late, not lost.
      if (error instanceof ThrottledError || error instanceof UnavailableError) return delivered;
      throw error;
    }
    return delivered;
  }

  /** Subscribers that have the signal. */
  async served(signalId: string): Promise<Set<string>> {
    const stored = await this.#parts.signals.queryAll({
      ...deliveriesOf(signalId)!,
      attributes: [SORT_KEY],
      keepExpired: true,
    });
    return new Set(stored.map((item) => identityOf(String(item[SORT_KEY])).targetAgent));
  }

  /**
   * Serves the subscribers that a broadcast has not reached. Agents that were deregistered since are left out.
   *
   * @returns whether it is finished
   */
  async resume(signalId: string, isLate: () => boolean): Promise<boolean> {
    const broadcast = await this.find(signalId);
    if (!broadcast || broadcast.withdrawnAt !== undefined) return true;
    const { registry } = this.#parts;
    const served = await this.served(signalId);
    const waiting = broadcast.targets.filter((target) => !served.has(target));
    const registered = await registry.registered(waiting);
    const left = waiting.filter((target) => registered.has(target));
    let written = 0;
    for await (const part of this.#paced(itemsOf(broadcast, left, served.size === 0), isLate)) {
      const wanted = await this.#stillWanted(signalId, part);
      if (!wanted) return true;
      await this.#write(wanted);
      written += part.length;
    }
    if (written < left.length) return false;
    await this.withdraw(signalId);
    return true;
  }

  /**
   * Finishes what publishers left behind. Running it twice, or two at a time, changes nothing more.
   *
   * @param onFailure called for each broadcast that failed; it is due again at the next sweep
   */
  async sweep(
    isLate: () => boolean,
    onFailure: (error: Error, signalId: string) => void,
  ): Promise<BroadcastSweep> {
    const report = { due: 0, finished: 0, failed: 0 };
    const { state } = this.#parts;
    const before = state.clock().getTime() - LEFT_BEHIND_MS;
    for (let bucket = 0; bucket < BROADCAST_BUCKETS; bucket++)
      for await (const rows of state.pages({
        partition: broadcastPartition(bucket),
        attributes: [PARTITION_KEY, SORT_KEY, 'begunAt', 'withdrawnAt'],
      }))
        for (const row of rows.filter(
          ({ begunAt, withdrawnAt }) => withdrawnAt === undefined && Number(begunAt) <= before,
        )) {
          if (isLate()) return report;
          const signalId = String(row[SORT_KEY]);
          report.due++;
          try {
            if (await this.resume(signalId, isLate)) report.finished++;
          } catch (error) {
            report.failed++;
            onFailure(error as Error, signalId);
          }
        }
    return report;
  }

  /**
   * The items of a part whose targets the broadcast still has: an erasure may have taken the signal, or a subscriber.
   *
   * @returns undefined when the broadcast is gone, or stopped
   */
  async #stillWanted(signalId: string, part: readonly Item[]): Promise<Item[] | undefined> {
    const current = await this.find(signalId);
    if (!current || current.withdrawnAt !== undefined) return undefined;
    const named = new Set(current.targets);
    return part.filter((item) => named.has(identityOf(String(item[SORT_KEY])).targetAgent));
  }

  /** Parts of these items, no faster than a partition takes them. */
  async *#paced(items: readonly Item[], isLate: () => boolean): AsyncGenerator<Item[]> {
    let part: Item[] = [];
    let units = 0;
    for (const item of items) {
      const cost = UNITS_PER_KILOBYTE * Math.ceil(itemBytes(item) / 1024);
      if (part.length === MAX_TARGETS || (part.length > 0 && units + cost > UNITS_PER_PART)) {
        yield part;
        if (isLate()) return;
        await sleep((units / UNITS_PER_SECOND) * SECOND_MS);
        part = [];
        units = 0;
      }
      part.push(item);
      units += cost;
    }
    if (part.length > 0) yield part;
  }

  /** Puts those of the items that are not there; all of them at once. */
  async #write(items: readonly Item[]): Promise<void> {
    const { signals } = this.#parts;
    let left = items;
    while (left.length > 0) {
      const failed = await signals.transact(left.map((item) => signals.actions.put(item, isAbsent)));
      if (!failed) return;
      left = left.filter((_, i) => !failed[i]);
    }
  }
}

const itemsOf = ({ signal, ttl, payloadHash }: Broadcast, targets: readonly string[], isStart: boolean) =>
  toItems(signal, targets, ttl, payloadHash, isStart);
