import { changes } from '../shared/dynamodb/expressions.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import {
  activeHourOf,
  decisionTypesOf,
  deregisteredKey,
  isRegistered,
  profileKey,
  registeredFromItem,
  registration,
  REGISTRY_BUCKETS,
  registryIndex,
  registryKey,
  type RegisteredAgent,
} from './table.ts';

export type { RegisteredAgent };

interface Known {
  readonly activeHour: string;
  /** When this instance last wrote the agent's registration, in milliseconds since the epoch. */
  readonly notedAt: number;
  readonly decisionTypes: Set<string>;
}

/** Agents a warm function instance remembers. */
const MAX_KNOWN_AGENTS = 10_000;

/**
 * How long an instance assumes that an agent it registered is still registered. Another instance may have deregistered
 * it: a write within that time is still stored, and the agent's first write after it lists the agent again. Costs at
 * most 12 write units an hour for each agent and warm instance.
 */
const REGISTRATION_TRUSTED_MS = 5 * MINUTE_MS;

/**
 * The known agents. A write under an unknown id registers it. A decision type is on its agent's profile before the
 * first decision of that type is stored, because the nightly run reads the partitions the profile names.
 */
export class AgentRegistry {
  readonly #table: Table;
  readonly #known = new BoundedMap<string, Known>(MAX_KNOWN_AGENTS);

  constructor(table: Table) {
    this.#table = table;
  }

  /** True when `noteActivity` is free: this instance noted the agent lately, in this hour, with these types. */
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
    const { set, setOnce } = registration(agentId, now);
    await this.#table.update(
      profileKey(agentId),
      changes({
        set: { ...set, activeHour },
        setOnce,
        // DynamoDB has no empty sets.
        add: types.size > 0 ? { decisionTypes: types } : {},
      }),
    );
    this.#known.set(agentId, { activeHour, notedAt: now.getTime(), decisionTypes: types });
  }

  /**
   * Notes an agent around a write that may expect a version. A version to replace means that there should be an agent:
   * when it is refused, the write must not have registered one. So the agent is then noted after it, else before.
   */
  async noteAround<Written>(
    agentId: string,
    expectedVersion: number | undefined,
    write: () => Promise<Written>,
  ): Promise<Written> {
    const mayBeRefused = expectedVersion !== undefined && expectedVersion > 0;
    if (!mayBeRefused) await this.noteActivity(agentId);
    const written = await write();
    if (mayBeRefused) await this.noteActivity(agentId);
    return written;
  }

  /** Call after deregistering an agent: its next write through this instance then lists it again at once. */
  forget(agentId: string): void {
    this.#known.delete(agentId);
  }

  /** Those of these agents that are registered (strongly consistent). */
  async registered(agentIds: readonly string[]): Promise<Set<string>> {
    const keys = [...new Set(agentIds)].map(profileKey);
    const profiles = await this.#table.getAll(keys, { attributes: ['agentId', 'registryKey'] });
    return new Set(profiles.filter(isRegistered).map((item) => String(item['agentId'])));
  }

  /** Every decision type the agent ever logged, sorted (strongly consistent). */
  async decisionTypes(agentId: string): Promise<string[]> {
    return decisionTypesOf(await this.#table.get(profileKey(agentId)));
  }

  /** The type the agent gave itself; undefined when it is not registered (strongly consistent). */
  async agentType(agentId: string): Promise<string | undefined> {
    const profile = await this.#table.get(profileKey(agentId));
    return isRegistered(profile) ? String(profile['agentType']) : undefined;
  }

  /** The registered agents of a type, sorted: found in an index (eventual), each checked in its profile. */
  async ofType(agentType: string): Promise<string[]> {
    const listed = new Set<string>();
    for await (const agent of this.all()) if (agent.agentType === agentType) listed.add(agent.agentId);
    const profiles = await this.#table.getAll([...listed].map(profileKey), {
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
    for (let bucket = 0; bucket < REGISTRY_BUCKETS; bucket++)
      for await (const page of this.#table.pages({ partition: keyOf(bucket), index: registryIndex }))
        yield* page.map(registeredFromItem);
  }
}
