import type { AgentRegistry } from '../agents/agent-registry.ts';
import { NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import {
  type Audience,
  isSharedWith,
  type Reference,
  type Sharing,
  type SharingRecord,
} from '../sharing/sharing.ts';
import { goneBy } from './categories.ts';
import type { Memory } from './memory.ts';
import type { MemoryRecords } from './memory-records.ts';
import type { MemoryStore } from './memory-store.ts';

/**
 * The kind under which all memories but patterns are shared: what others share with an agent is then two queries,
 * whatever types there are, instead of two for each.
 */
export const SHARED_MEMORIES = 'MEMORY';

export interface MemorySharingView {
  readonly memoryId: string;
  readonly agentId: string;
  readonly with: Audience;
  /** 0: it never was shared. */
  readonly version: number;
  readonly updatedAt: string | null;
}

/** An agent's shares of its memories, and the memories that others share with it. */
export class MemorySharing {
  readonly #store: MemoryStore;
  readonly #records: MemoryRecords;
  readonly #sharing: Sharing;
  readonly #registry: AgentRegistry;
  readonly #categories: MemoryCategories;
  readonly #clock: Clock;

  constructor(
    parts: { store: MemoryStore; records: MemoryRecords; sharing: Sharing; registry: AgentRegistry },
    categories: MemoryCategories,
    clock: Clock,
  ) {
    this.#store = parts.store;
    this.#records = parts.records;
    this.#sharing = parts.sharing;
    this.#registry = parts.registry;
    this.#categories = categories;
    this.#clock = clock;
  }

  /** @throws NotFoundError */
  async get(agentId: string, memoryId: string): Promise<MemorySharingView> {
    await this.#store.get(agentId, memoryId);
    return viewOf(agentId, memoryId, await this.#sharing.get(agentId, memoryId));
  }

  /**
   * @param audience `all`, or the ids of agents; an empty list ends the sharing
   * @throws NotFoundError, ValidationFailedError at `with`, VersionConflictError
   */
  async put(
    agentId: string,
    memoryId: string,
    audience: Audience,
    expectedVersion?: number,
  ): Promise<MemorySharingView> {
    const { importance } = await this.#store.get(agentId, memoryId);
    await this.assertGrantees(agentId, audience, 'with');
    const record = await this.#sharing.put(
      { owner: agentId, memoryId },
      audience,
      importance,
      expectedVersion,
    );
    return viewOf(agentId, memoryId, record);
  }

  /** @throws ValidationFailedError at `path` naming who is not registered, or the owner itself */
  async assertGrantees(agentId: string, audience: Audience, path: string): Promise<void> {
    if (audience === 'all') return;
    const known = await this.#registry.registered(audience);
    const issues = audience.flatMap((name, i) => {
      if (name === agentId) return [{ path: `${path}.${i}`, message: 'is the owner itself' }];
      return known.has(name) ? [] : [{ path: `${path}.${i}`, message: `no agent ${name} is registered` }];
    });
    if (issues.length > 0) throw new ValidationFailedError(issues);
  }

  /** A memory of another that it shares with this agent, strongly consistent. @throws NotFoundError */
  async read(agentId: string, owner: string, memoryId: string): Promise<Memory> {
    const record = await this.#sharing.get(owner, memoryId);
    if (!record || !isSharedWith(record, agentId))
      throw new NotFoundError(`No memory ${memoryId} of ${owner}`);
    return this.#store.get(owner, memoryId);
  }

  /** Those of these memories that their owners share with this agent now, as they are now: two requests. */
  async readMany(agentId: string, references: readonly Reference[]): Promise<Memory[]> {
    if (references.length === 0) return [];
    const [records, memories] = await Promise.all([
      this.#sharing.getMany(references),
      this.#records.getMany(references),
    ]);
    const shared = new Set(records.filter((record) => isSharedWith(record, agentId)).map(nameOf));
    return memories.filter(({ agentId: owner, memoryId }) => shared.has(nameOf({ owner, memoryId })));
  }

  /** Names of the memories that others share with this agent: at most 500 by name and 500 with all. */
  references(agentId: string): Promise<readonly Reference[]> {
    return this.#sharing.sharedWith(agentId);
  }

  /** Memories that others share with this agent, without expired ones: at most 500 by name and 500 with all. */
  async sharedWith(agentId: string): Promise<Memory[]> {
    const now = this.#clock();
    const memories = await this.#records.getMany(await this.#sharing.sharedWith(agentId));
    const isGone = goneBy(this.#categories, now);
    return memories.filter((memory) => !isGone(memory));
  }
}

const nameOf = ({ owner, memoryId }: Reference): string => `${owner}#${memoryId}`;

const viewOf = (agentId: string, memoryId: string, record: SharingRecord | undefined): MemorySharingView => ({
  memoryId,
  agentId,
  with: record?.with ?? [],
  version: record?.version ?? 0,
  updatedAt: record?.updatedAt ?? null,
});
