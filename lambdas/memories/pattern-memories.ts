import type { PatternSummary } from '../patterns/pattern-catalog.ts';
import type { PromotedPatterns } from '../patterns/promoted-patterns.ts';
import { NotFoundError } from '../shared/errors.ts';
import { categoryOfType } from '../shared/schema/memory-categories.ts';
import type { Memory } from './memory.ts';

/**
 * A promoted pattern as a memory: its sentence is the text, its lower bound the importance, its occurrences are how
 * often it was seen. It does not age here: nights renew its numbers, and demote it.
 */
export function memoryOfPattern(pattern: PatternSummary): Memory {
  const { patternId, agentId, decisionType, asserts, conditions, n, rate, baseline, confidence } = pattern;
  return {
    memoryId: patternId,
    agentId,
    memoryType: 'PATTERN',
    category: categoryOfType.PATTERN,
    content: {
      decisionType,
      asserts,
      conditions: conditions.map((condition) => ({ ...condition })),
      n,
      rate,
      baseline,
      confidence,
    },
    text: pattern.description,
    tags: [],
    importance: confidence,
    pinned: false,
    createdAt: pattern.statusSince,
    updatedAt: pattern.changedAsOf ?? pattern.asOf,
    lastSeenAt: pattern.lastSeen ?? pattern.asOf,
    timesSeen: n,
    version: pattern.version,
    tier: 'hot',
    form: 'full',
    accessCount: 0,
  };
}

/**
 * An agent's promoted patterns among its memories: they can be found, listed and read, and only nights change them.
 * Patterns that others offer it are with the patterns.
 */
export class PatternMemories {
  readonly #promoted: PromotedPatterns;
  readonly #made = new WeakMap<readonly PatternSummary[], readonly Memory[]>();

  constructor(promoted: PromotedPatterns) {
    this.#promoted = promoted;
  }

  /** Most important first, strongly consistent; the same array while nothing has changed. 1 read unit then. */
  async listFor(agentId: string): Promise<readonly Memory[]> {
    const patterns = await this.#promoted.listFor(agentId);
    let memories = this.#made.get(patterns);
    if (!memories) this.#made.set(patterns, (memories = patterns.map(memoryOfPattern)));
    return memories;
  }

  /** @throws NotFoundError also when it is not promoted */
  async get(agentId: string, patternId: string): Promise<Memory> {
    const found = (await this.listFor(agentId)).find(({ memoryId }) => memoryId === patternId);
    if (!found) throw new NotFoundError(`No memory ${patternId}`);
    return found;
  }
}
