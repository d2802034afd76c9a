import type * as z from 'zod';
import { AnswerRoom } from '../shared/answer-room.ts';
import { changes } from '../shared/dynamodb/expressions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, VersionConflictError } from '../shared/errors.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { listedAgentSchema, profileBodySchema, profileSchema } from './contract.ts';
import { type HealthAges, healthAt } from './health.ts';
import {
  decisionTypesOf,
  deregisteredKey,
  hasProfileVersion,
  hasRegistration,
  isRegistered,
  listedFromItem,
  profileKey,
  profileVersionOf,
  registration,
  REGISTRY_BUCKETS,
  registryBucketOf,
  registryIndex,
  registryKey,
} from './table.ts';

export type ProfileInput = z.output<typeof profileBodySchema>;
export type ListedAgent = z.output<typeof listedAgentSchema>;
export type AgentProfile = z.output<typeof profileSchema>;

/** Every heartbeat rewrites the row, at one write unit per KB: it must not become a document store. */
const MAX_PROFILE_BYTES = 32 * 1024;

const noAgent = (agentId: string) => new NotFoundError(`No agent ${agentId} is registered`);

/** Profiles, heartbeats and the list of registered agents. */
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
   * Registers the agent, or replaces its description of itself; heartbeat and decision types stay.
   *
   * @throws VersionConflictError, TooLargeError
   */
  async put(agentId: string, profile: ProfileInput): Promise<AgentProfile> {
    const { type, capabilities, agentVersion, metadata, expectedVersion } = profile;
    assertItemFits({ agentId, type, capabilities, agentVersion, metadata }, 'The profile', MAX_PROFILE_BYTES);
    const { set, setOnce } = registration(agentId, this.#table.clock());
    const { item, failed } = await this.#table.update(
      profileKey(agentId),
      changes({
        set: { ...set, agentType: type, capabilities, agentVersion, metadata },
        setOnce: { registeredAt: setOnce['registeredAt'] },
        add: { version: 1 },
        remove: [
          ...(agentVersion === undefined ? ['agentVersion'] : []),
          ...(metadata === undefined ? ['metadata'] : []),
        ],
      }),
      {
        returns: 'ALL_NEW',
        ...(expectedVersion !== undefined && { condition: hasProfileVersion(expectedVersion) }),
      },
    );
    if (failed) throw new VersionConflictError(profileVersionOf(failed.item));
    return this.#profileOf(item);
  }

  /** Strongly consistent. @throws NotFoundError when it never registered, or was deregistered */
  async get(agentId: string): Promise<AgentProfile> {
    const item = await this.#table.get(profileKey(agentId));
    if (!isRegistered(item)) throw noAgent(agentId);
    return this.#profileOf(item);
  }

  /** Notes that the agent lives; registers an unknown one. 2 WRU. */
  async heartbeat(agentId: string): Promise<Pick<AgentProfile, 'agentId' | 'health' | 'lastHeartbeatAt'>> {
    const now = this.#table.clock();
    const lastHeartbeatAt = now.toISOString();
    const { set, setOnce } = registration(agentId, now);
    await this.#table.update(profileKey(agentId), changes({ set: { ...set, lastHeartbeatAt }, setOnce }));
    return { agentId, health: healthAt(now, lastHeartbeatAt, this.#ages), lastHeartbeatAt };
  }

  /**
   * Takes the agent off the registry. It is listed no more, no signal reaches it (named or subscribed), and no nightly
   * run learns from it; the runs of the four days after its last write still roll its results up. Its data stays, and so
   * do its profile and decision types, in case it comes back: its next write or heartbeat registers it again.
   * One delay: a warm instance of another function trusts its own registration for five minutes. A write through it
   * within that time is stored, but only the write after lists the agent (see AgentRegistry).
   *
   * @throws NotFoundError when it is not registered
   */
  async deregister(agentId: string): Promise<{ readonly agentId: string; readonly deregisteredAt: string }> {
    const { failed } = await this.#table.update(
      profileKey(agentId),
      changes({
        set: { registryKey: deregisteredKey(registryBucketOf(agentId)) },
        remove: ['registeredAt', 'lastHeartbeatAt'],
      }),
      { condition: hasRegistration },
    );
    if (failed) throw noAgent(agentId);
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
    const items = new AnswerRoom().takeLeading(found, maxResults);
    const last = items.at(-1);
    return {
      items,
      nextToken: found.length > items.length && last ? encodePageToken(query, last.agentId) : null,
      consistency: 'eventual' as const,
    };
  }

  async #bucket(bucket: number, after: string | undefined, limit: number): Promise<ListedAgent[]> {
    const { items } = await this.#table.query({
      partition: registryKey(bucket),
      index: registryIndex,
      ...(after !== undefined && { sort: { after } }),
      limit,
    });
    return items.map((item) => this.#listed(item));
  }

  #listed(item: Item): ListedAgent {
    const listed = listedFromItem(item);
    return { ...listed, health: healthAt(this.#table.clock(), listed.lastHeartbeatAt, this.#ages) };
  }

  #profileOf(item: Item): AgentProfile {
    return {
      ...this.#listed(item),
      ...(item['metadata'] !== undefined && { metadata: item['metadata'] as AgentProfile['metadata'] }),
      version: profileVersionOf(item),
      decisionTypes: decisionTypesOf(item),
    };
  }
}
