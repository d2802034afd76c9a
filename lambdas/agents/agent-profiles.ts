import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { NotFoundError, VersionConflictError } from '../shared/errors.ts';
import type { freeFormSchema } from '../shared/schema/fields.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { type AgentHealth, type HealthAges, healthAt } from './health.ts';
import {
  decisionTypesOf,
  deregisteredKey,
  isRegistered,
  profileKey,
  profileVersionOf,
  REGISTERED_CONDITION,
  registeredValue,
  REGISTRATION,
  REGISTRY_BUCKETS,
  registrationValues,
  registryBucketOf,
  type RegistryEntry,
  registryEntryOf,
  registryIndex,
  registryKey,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

type Metadata = z.output<typeof freeFormSchema>;

/** What an agent says of itself. */
export interface ProfileInput {
  readonly type: string;
  readonly capabilities: string[];
  readonly agentVersion?: string;
  readonly metadata?: Metadata;
  /** 0: nobody has put a profile yet. */
  readonly expectedVersion?: number;
}

export interface ListedAgent extends RegistryEntry {
  readonly health: AgentHealth;
}

export interface AgentProfile extends ListedAgent {
  readonly metadata?: Metadata;
  /** Rises with every put; 0 while a write or a heartbeat is all that registered the agent. */
  readonly version: number;
  /** Every type of decision it ever logged, sorted. */
  readonly decisionTypes: string[];
}

/** Every heartbeat rewrites the row, at one write unit per KB: it must not become a document store. */
const MAX_PROFILE_BYTES = 32 * 1024;

const noAgent = (agentId: string) => new NotFoundError(`No agent ${agentId} is registered`);

/** Profiles, heartbeats and the list of who is registered. */
export class AgentProfiles {
  readonly #table: Table;
  readonly #registry: AgentRegistry;
  readonly #ages: HealthAges;

  constructor(table: Table, registry: AgentRegistry, ages: HealthAges) {
    this.#table = table;
    this.#registry = registry;
    this.#ages = ages;
  }

  /**
   * Registers the agent, or replaces what it says of itself; heartbeat and decision types stay.
   *
   * @throws VersionConflictError, TooLargeError
   */
  async put(agentId: string, profile: ProfileInput): Promise<AgentProfile> {
    const { type, capabilities, agentVersion, metadata, expectedVersion } = profile;
    assertItemFits({ agentId, type, capabilities, agentVersion, metadata }, 'The profile', MAX_PROFILE_BYTES);
    const { ':unknown': _, ...registration } = registrationValues(agentId, this.#table.clock());
    const absent = [
      ...(agentVersion === undefined ? ['agentVersion'] : []),
      ...(metadata === undefined ? ['metadata'] : []),
    ];
    try {
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: profileKey(agentId),
          UpdateExpression:
            'SET agentId = :agentId, registryKey = :registryKey, ' +
            'registeredAt = if_not_exists(registeredAt, :now), agentType = :type, capabilities = :capabilities, ' +
            '#version = if_not_exists(#version, :zero) + :one' +
            (agentVersion === undefined ? '' : ', agentVersion = :agentVersion') +
            (metadata === undefined ? '' : ', metadata = :metadata') +
            (absent.length > 0 ? ` REMOVE ${absent.join(', ')}` : ''),
          ...(expectedVersion !== undefined && {
            // The counter of a deregistered agent's row goes on rising, but its next profile is a first one again.
            ConditionExpression:
              expectedVersion === 0
                ? `NOT ${REGISTERED_CONDITION} OR attribute_not_exists(#version)`
                : `${REGISTERED_CONDITION} AND #version = :expected`,
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: {
            ...registration,
            ':type': type,
            ':capabilities': capabilities,
            ':zero': 0,
            ':one': 1,
            ...(agentVersion !== undefined && { ':agentVersion': agentVersion }),
            ...(metadata !== undefined && { ':metadata': metadata }),
            ...(expectedVersion !== undefined && registeredValue),
            ...(expectedVersion && { ':expected': expectedVersion }),
          },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return this.#profileOf(Attributes!);
    } catch (error) {
      const failed = failedCondition(error);
      if (failed) throw new VersionConflictError(profileVersionOf(failed.item));
      throw error;
    }
  }

  /** Strongly consistent. @throws NotFoundError when it never registered, or was deregistered */
  async get(agentId: string): Promise<AgentProfile> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: profileKey(agentId), ConsistentRead: true }),
    );
    if (!isRegistered(Item)) throw noAgent(agentId);
    return this.#profileOf(Item);
  }

  /** Notes that the agent lives; registers one nobody knew. 2 WRU. */
  async heartbeat(agentId: string): Promise<Pick<AgentProfile, 'agentId' | 'health' | 'lastHeartbeatAt'>> {
    const now = this.#table.clock();
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: profileKey(agentId),
        UpdateExpression: `SET ${REGISTRATION}, lastHeartbeatAt = :now`,
        ExpressionAttributeValues: registrationValues(agentId, now),
      }),
    );
    const lastHeartbeatAt = now.toISOString();
    return { agentId, health: healthAt(now, lastHeartbeatAt, this.#ages), lastHeartbeatAt };
  }

  /**
   * Takes the agent off the registry: it is listed no more, no signal reaches it, named or subscribed, and no nightly
   * run learns from it; those of the four days after its last write still roll its results up. What it stored stays, and
   * so do its profile and decision types, for the case that it comes back:
   * its next write or heartbeat registers it again (a write through a warm instance of another function within five
   * minutes of that instance's last one is stored, but lists it only with the write after; see AgentRegistry).
   *
   * @throws NotFoundError when it is not registered
   */
  async deregister(agentId: string): Promise<{ readonly agentId: string; readonly deregisteredAt: string }> {
    try {
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: profileKey(agentId),
          UpdateExpression: 'SET registryKey = :deregistered REMOVE registeredAt, lastHeartbeatAt',
          ConditionExpression: REGISTERED_CONDITION,
          ExpressionAttributeValues: {
            ':deregistered': deregisteredKey(registryBucketOf(agentId)),
            ...registeredValue,
          },
        }),
      );
    } catch (error) {
      if (failedCondition(error)) throw noAgent(agentId);
      throw error;
    }
    this.#registry.forget(agentId);
    return { agentId, deregisteredAt: this.#table.clock().toISOString() };
  }

  /**
   * Registered agents in the order of their ids. Each bucket of the index is asked for a page and the pages are
   * merged: eight small queries, for an order that means something and a position that is just an id.
   */
  async list({ maxResults = 20, nextToken }: { maxResults?: number; nextToken?: string }) {
    const query = 'agents';
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const buckets = await Promise.all(
      Array.from({ length: REGISTRY_BUCKETS }, (_, bucket) => this.#bucket(bucket, after, maxResults + 1)),
    );
    const found = buckets.flat().sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
    const items = found.slice(0, maxResults);
    const last = items.at(-1);
    return {
      items,
      nextToken: found.length > maxResults && last ? encodePageToken(query, last.agentId) : null,
      consistency: 'eventual' as const,
    };
  }

  async #bucket(bucket: number, after: string | undefined, limit: number): Promise<ListedAgent[]> {
    const { Items } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        IndexName: registryIndex.name,
        KeyConditionExpression: 'registryKey = :key' + (after === undefined ? '' : ' AND agentId > :after'),
        ExpressionAttributeValues: {
          ':key': registryKey(bucket),
          ...(after !== undefined && { ':after': after }),
        },
        Limit: limit,
      }),
    );
    return (Items ?? []).map((item) => this.#listed(item));
  }

  #listed(item: Record<string, unknown>): ListedAgent {
    const entry = registryEntryOf(item);
    return { ...entry, health: healthAt(this.#table.clock(), entry.lastHeartbeatAt, this.#ages) };
  }

  #profileOf(item: Record<string, unknown>): AgentProfile {
    return {
      ...this.#listed(item),
      ...(item['metadata'] !== undefined && { metadata: item['metadata'] as Metadata }),
      version: profileVersionOf(item),
      decisionTypes: decisionTypesOf(item),
    };
  }
}
