import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import {
  activeHourOf,
  decisionTypesOf,
  deregisteredKey,
  isRegistered,
  profileKey,
  REGISTRATION,
  REGISTRY_BUCKETS,
  registrationValues,
  registryIndex,
  registryKey,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** What the planner needs to know of an agent. */
export interface RegisteredAgent {
  readonly agentId: string;
  readonly agentType: string;
  /** Hour of the wall clock in which it last wrote (`2026-03-01T09`); absent when it never did. */
  readonly activeHour?: string;
}

interface Known {
  readonly activeHour: string;
  /** When this instance last wrote the agent's registration, in milliseconds since the epoch. */
  readonly notedAt: number;
  readonly decisionTypes: Set<string>;
}

/** A bound on what one warm function instance remembers. */
const MAX_KNOWN_AGENTS = 10_000;

/**
 * How long an instance takes it for granted that an agent it registered still is. Another instance may have
 * deregistered it: a write in that time is stored all the same, and the agent's first write after it lists the agent
 * again. Costs at most 12 write units an hour for each agent and warm instance.
 */
const REGISTRATION_TRUSTED_MS = 5 * MINUTE_MS;

/**
 * Who the agents are. A write under an unknown id registers it; a decision type is on its agent's profile before the
 * first decision of that type is stored, because the nightly run reads the partitions the profile names.
 */
export class AgentRegistry {
  readonly #table: Table;
  readonly #known = new BoundedMap<string, Known>(MAX_KNOWN_AGENTS);

  constructor(table: Table) {
    this.#table = table;
  }

  /** Whether `noteActivity` would be free: this instance noted it lately, in this hour, with these types. */
  isNoted(agentId: string, decisionTypes: readonly string[] = []): boolean {
    const now = this.#table.clock();
    const known = this.#known.get(agentId);
    return (
      known?.activeHour === activeHourOf(now) &&
      now.getTime() - known.notedAt < REGISTRATION_TRUSTED_MS &&
      decisionTypes.every((type) => known.decisionTypes.has(type))
    );
  }

  /**
   * Call before a write in an agent's name. Free when this instance noted the agent and these types in the last five
   * minutes and the same hour; one unconditional update otherwise (1 WRU, 2 when a new hour changes the index).
   */
  async noteActivity(agentId: string, decisionTypes: readonly string[] = []): Promise<void> {
    if (this.isNoted(agentId, decisionTypes)) return;
    const now = this.#table.clock();
    const activeHour = activeHourOf(now);
    const known = this.#known.get(agentId);
    // All of them each time: the row may have been erased since, and adding what is there costs nothing.
    const types = new Set([...(known?.decisionTypes ?? []), ...decisionTypes]);
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: profileKey(agentId),
        UpdateExpression:
          `SET ${REGISTRATION}, activeHour = :activeHour` +
          (types.size > 0 ? ' ADD decisionTypes :types' : ''),
        ExpressionAttributeValues: {
          ...registrationValues(agentId, now),
          ':activeHour': activeHour,
          ...(types.size > 0 && { ':types': types }),
        },
      }),
    );
    this.#known.set(agentId, {
      activeHour,
      notedAt: now.getTime(),
      decisionTypes: types,
    });
  }

  /** Call after deregistering an agent, so its next write through this instance lists it again at once. */
  forget(agentId: string): void {
    this.#known.delete(agentId);
  }

  /** Which of these agents are registered (strongly consistent). */
  async registered(agentIds: readonly string[]): Promise<Set<string>> {
    const items = await getAll(
      this.#table.documents,
      this.#table.name,
      [...new Set(agentIds)].map(profileKey),
      {
        attributes: ['agentId', 'registryKey'],
      },
    );
    return new Set(items.filter(isRegistered).map((item) => String(item['agentId'])));
  }

  /** Every decision type the agent ever logged, sorted (strongly consistent). */
  async decisionTypes(agentId: string): Promise<string[]> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: profileKey(agentId), ConsistentRead: true }),
    );
    return decisionTypesOf(Item);
  }

  /** What kind of agent it says it is; undefined when it is not registered (strongly consistent). */
  async agentType(agentId: string): Promise<string | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: profileKey(agentId), ConsistentRead: true }),
    );
    return isRegistered(Item) ? String(Item['agentType']) : undefined;
  }

  /** The registered agents of a type, sorted: found in an index (eventual), each held against its profile. */
  async ofType(agentType: string): Promise<string[]> {
    const listed = new Set<string>();
    for await (const agent of this.all()) if (agent.agentType === agentType) listed.add(agent.agentId);
    const profiles = await getAll(this.#table.documents, this.#table.name, [...listed].map(profileKey), {
      attributes: ['agentId', 'agentType', 'registryKey'],
    });
    return profiles
      .filter((item) => isRegistered(item) && item['agentType'] === agentType)
      .map((item) => String(item['agentId']))
      .sort();
  }

  /** Every registered agent, page by page. */
  all(): AsyncGenerator<RegisteredAgent> {
    return this.#listed(registryKey);
  }

  /** Every agent that was deregistered and did not come back, page by page. */
  deregistered(): AsyncGenerator<RegisteredAgent> {
    return this.#listed(deregisteredKey);
  }

  /** Every agent that ever registered and was not erased since. */
  async *everKnown(): AsyncGenerator<string> {
    for (const keyOf of [registryKey, deregisteredKey])
      for await (const { agentId } of this.#listed(keyOf)) yield agentId;
  }

  async *#listed(keyOf: (bucket: number) => string): AsyncGenerator<RegisteredAgent> {
    for (let bucket = 0; bucket < REGISTRY_BUCKETS; bucket++) {
      let start: Record<string, unknown> | undefined;
      do {
        const page = await this.#table.documents.send(
          new QueryCommand({
            TableName: this.#table.name,
            IndexName: registryIndex.name,
            KeyConditionExpression: 'registryKey = :key',
            ExpressionAttributeValues: { ':key': keyOf(bucket) },
            ExclusiveStartKey: start,
          }),
        );
        for (const { agentId, agentType, activeHour } of page.Items ?? [])
          yield { agentId, agentType, activeHour };
        start = page.LastEvaluatedKey;
      } while (start);
    }
  }
}
