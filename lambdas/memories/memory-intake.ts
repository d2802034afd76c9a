import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Audience } from '../sharing/sharing.ts';
import type { Memory } from './memory.ts';
import type { MemoryChange, NewMemory } from './memory-change.ts';
import type { MemorySharing } from './memory-sharing.ts';
import type { MemoryStore, Saved } from './memory-store.ts';

/** Memories as agents send them: writing in an agent's name registers it, and a memory may come with its audience. */
export class MemoryIntake {
  readonly #store: MemoryStore;
  readonly #sharing: MemorySharing;
  readonly #registry: AgentRegistry;

  constructor(store: MemoryStore, sharing: MemorySharing, registry: AgentRegistry) {
    this.#store = store;
    this.#sharing = sharing;
    this.#registry = registry;
  }

  /**
   * Killed before the sharing is written, the request was not answered, and the same request again writes it.
   * @throws ValidationFailedError, IdempotencyMismatchError, TooLargeError
   */
  async save(agentId: string, request: NewMemory & { readonly sharing?: Audience }): Promise<Saved> {
    const { sharing, ...memory } = request;
    if (sharing !== undefined) await this.#sharing.assertGrantees(agentId, sharing, 'sharing');
    await this.#registry.noteActivity(agentId);
    const saved = await this.#store.save(agentId, memory);
    if (sharing !== undefined) await this.#sharing.put(agentId, saved.memory.memoryId, sharing);
    return saved;
  }

  /** @throws NotFoundError, VersionConflictError, ConflictError, ValidationFailedError, TooLargeError */
  async update(
    agentId: string,
    memoryId: string,
    expectedVersion: number,
    change: MemoryChange,
  ): Promise<Memory> {
    await this.#registry.noteActivity(agentId);
    return this.#store.update(agentId, memoryId, expectedVersion, change);
  }
}
