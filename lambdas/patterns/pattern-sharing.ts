import type * as z from 'zod';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { ConflictError, NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import type { Audience, Sharing, SharingRecord } from '../sharing/sharing.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { PatternStore } from './pattern-store.ts';
import type { sharingSchema } from './sharing-contract.ts';

export type SharingView = ReadonlyDeep<z.output<typeof sharingSchema>>;

/** Shares an agent's patterns with other agents. It shares the pattern, never the decisions behind it. */
export class PatternSharing {
  readonly #store: PatternStore;
  readonly #sharing: Sharing;
  readonly #registry: AgentRegistry;

  constructor(store: PatternStore, sharing: Sharing, registry: AgentRegistry) {
    this.#store = store;
    this.#sharing = sharing;
    this.#registry = registry;
  }

  /** @throws NotFoundError */
  async get(agentId: string, patternId: string): Promise<SharingView> {
    await this.#pattern(agentId, patternId);
    return viewOf(agentId, patternId, await this.#sharing.get(agentId, patternId));
  }

  /**
   * @param audience `all`, or ids of agents; an empty list ends the sharing, in any status of the pattern
   * @throws NotFoundError, ConflictError when the pattern is not promoted, ValidationFailedError at `with`,
   * VersionConflictError
   */
  async put(
    agentId: string,
    patternId: string,
    audience: Audience,
    expectedVersion?: number,
  ): Promise<SharingView> {
    const pattern = await this.#pattern(agentId, patternId);
    if (audience !== 'all') await this.#assertOthers(agentId, audience);
    if (audience.length > 0 && pattern.status !== 'promoted')
      throw new ConflictError(`Only a promoted pattern can be shared; this one is ${pattern.status}`);
    const record = await this.#sharing.put(
      { owner: agentId, memoryId: patternId },
      audience,
      pattern.confidence,
      expectedVersion,
    );
    return viewOf(agentId, patternId, record);
  }

  async #pattern(agentId: string, patternId: string) {
    const pattern = await this.#store.get(agentId, patternId);
    if (!pattern) throw new NotFoundError(`No pattern ${patternId}`);
    return pattern;
  }

  async #assertOthers(agentId: string, names: readonly string[]): Promise<void> {
    const known = await this.#registry.registered(names);
    const issues = names.flatMap((name, i) => {
      if (name === agentId) return [{ path: `with.${i}`, message: 'is the owner itself' }];
      return known.has(name) ? [] : [{ path: `with.${i}`, message: `no agent ${name} is registered` }];
    });
    if (issues.length > 0) throw new ValidationFailedError(issues);
  }
}

const viewOf = (agentId: string, patternId: string, record: SharingRecord | undefined): SharingView => ({
  patternId,
  agentId,
  with: record?.with ?? [],
  version: record?.version ?? 0,
  updatedAt: record?.updatedAt ?? null,
});
