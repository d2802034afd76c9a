import { GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { ConflictError } from '../shared/errors.ts';
import { failedTransaction } from '../shared/dynamodb/conditions.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { subscriberKey, subscriberPartition, subscriptionsKey } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

interface Stored {
  readonly signalTypes: string[];
  readonly version: number;
}

/** Writers of one agent's subscriptions meet rarely; the loser reads again and replaces what the winner wrote. */
const MAX_TRIES = 5;

/**
 * Who is told of a type when a signal names no target. Kept twice in `agent_state`, by type for the publisher and by
 * agent for the subscriber, and changed in one transaction, so the two always say the same.
 */
export class Subscriptions {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** The types the agent is subscribed to, sorted; none for an agent nobody knows. */
  async of(agentId: string): Promise<string[]> {
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
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          ExpressionAttributeValues: { ':pk': subscriberPartition(signalType) },
          ExclusiveStartKey: start,
          Limit: limit,
        }),
      );
      const subscribed = Items.map((item) => String(item[SORT_KEY]));
      const registered = await this.#registry.registered(subscribed);
      found.push(...subscribed.filter((agentId) => registered.has(agentId)));
      start = LastEvaluatedKey;
    } while (start && found.length < limit);
    return found.slice(0, limit);
  }

  async #read(agentId: string): Promise<Stored> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: subscriptionsKey(agentId), ConsistentRead: true }),
    );
    return { signalTypes: Item?.['signalTypes'] ?? [], version: Item?.['version'] ?? 0 };
  }

  /** @returns false when somebody else replaced them since they were read */
  async #swap(agentId: string, stored: Stored, wanted: readonly string[]): Promise<boolean> {
    const added = wanted.filter((type) => !stored.signalTypes.includes(type));
    const removed = stored.signalTypes.filter((type) => !wanted.includes(type));
    if (added.length === 0 && removed.length === 0) return true;
    const TableName = this.#table.name;
    try {
      await this.#table.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName,
                Item: { ...subscriptionsKey(agentId), signalTypes: wanted, version: stored.version + 1 },
                ConditionExpression: 'attribute_not_exists(version) OR version = :version',
                ExpressionAttributeValues: { ':version': stored.version },
              },
            },
            ...added.map((type) => ({ Put: { TableName, Item: subscriberKey(type, agentId) } })),
            ...removed.map((type) => ({ Delete: { TableName, Key: subscriberKey(type, agentId) } })),
          ],
        }),
      );
      return true;
    } catch (error) {
      if (failedTransaction(error)) return false;
      throw error;
    }
  }
}
