import type { AgentRegistry } from '../agents/agent-registry.ts';
import { entityOf } from '../shared/dynamodb/entity.ts';
import { anyOf, hasVersion } from '../shared/dynamodb/expressions.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ConflictError } from '../shared/errors.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { subscriberKey, subscriberPartition, subscriptionsKey } from './table.ts';

interface Stored {
  readonly signalTypes: string[];
  readonly version: number;
}

/** Writers of one agent's subscriptions meet rarely; the loser reads again and replaces what the winner wrote. */
const MAX_TRIES = 5;

/**
 * The agents that are told of a type when a signal names no target. Kept twice in `agent_state`, by type for the
 * publisher and by agent for the subscriber, and changed in one transaction, so the two always say the same.
 */
export class Subscriptions {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** The types the agent is subscribed to, sorted; none for an unknown agent. */
  async listFor(agentId: string): Promise<string[]> {
    return (await this.#read(agentId)).signalTypes;
  }

  /**
   * Replaces all subscriptions of an agent; an empty list ends them. Registers an unknown agent.
   *
   * @param signalTypes at most MAX_SUBSCRIPTIONS
   * @returns the types, sorted, without doubles
   * @throws ConflictError when other writers replaced them faster
   */
  async replace(agentId: string, signalTypes: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(signalTypes)].sort();
    await this.#registry.noteActivity(agentId);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await this.#read(agentId);
      if (await this.#swap(agentId, stored, wanted)) return wanted;
    }
    throw new ConflictError('The subscriptions were replaced by others at the same time; try again');
  }

  /**
   * Agents subscribed to a type, in order (strongly consistent). Subscriptions outlive a deregistration, for the
   * case that the agent comes back; until then it is told nothing.
   *
   * @param limit stop after so many
   */
  async subscribers(signalType: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    let start: Item | undefined;
    do {
      const { items, last } = await this.#table.query({
        partition: subscriberPartition(signalType),
        limit,
        start,
      });
      const subscribed = items.map((item) => String(item[SORT_KEY]));
      const registered = await this.#registry.registered(subscribed);
      found.push(...subscribed.filter((agentId) => registered.has(agentId)));
      start = last;
    } while (start && found.length < limit);
    return found.slice(0, limit);
  }

  async #read(agentId: string): Promise<Stored> {
    const item = await this.#table.get(subscriptionsKey(agentId));
    return item ? entityOf<Stored>(item) : { signalTypes: [], version: 0 };
  }

  /** @returns false when another writer replaced them since they were read */
  async #swap(agentId: string, stored: Stored, wanted: readonly string[]): Promise<boolean> {
    const added = wanted.filter((type) => !stored.signalTypes.includes(type));
    const removed = stored.signalTypes.filter((type) => !wanted.includes(type));
    if (added.length === 0 && removed.length === 0) return true;
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.put(
        { ...subscriptionsKey(agentId), signalTypes: wanted, version: stored.version + 1 },
        anyOf(hasVersion(undefined), hasVersion(stored.version)),
      ),
      ...added.map((type) => actions.put(subscriberKey(type, agentId))),
      ...removed.map((type) => actions.delete(subscriberKey(type, agentId))),
    ]);
    return !failed;
  }
}
