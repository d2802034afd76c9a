import type { Memory, MemoryContent } from '../../lambdas/memories/memory.ts';
import { memoryIdOf, renderContent } from '../../lambdas/memories/memory.ts';

/** A question a person would ask, and the memories that answer it. */
export interface Question {
  readonly text: string;
  readonly evidence: readonly string[];
  /** Questions made from one template have the same. */
  readonly topic?: number;
}

/** Memories of one agent and questions about them. */
export interface LabelledSet {
  readonly name: string;
  readonly memories: readonly Memory[];
  readonly questions: readonly Question[];
}

export interface Sketch {
  readonly content: MemoryContent;
  readonly sessionId?: string;
  readonly seq?: number;
  readonly speaker?: string;
  readonly occurredAt?: string;
}

const STORED_AT = '2026-03-01T00:00:00.000Z';

/** As the service would store it; `unique` keeps equal sentences of different turns apart. */
export function memoryOf(agentId: string, sketch: Sketch, unique: string): Memory {
  const { content, sessionId, seq, speaker, occurredAt } = sketch;
  return {
    memoryId: memoryIdOf(
      agentId,
      'OBSERVATION',
      'market_observations',
      `${unique} ${renderContent(content)}`,
    ),
    agentId,
    memoryType: 'OBSERVATION',
    category: 'market_observations',
    content,
    text: renderContent(content),
    tags: [],
    importance: 0.6,
    metadata: {
      ...(speaker !== undefined && { speaker }),
      ...(seq !== undefined && { seq }),
      ...(occurredAt !== undefined && { occurredAt }),
    },
    pinned: false,
    ...(sessionId !== undefined && { provenance: { sessionId } }),
    createdAt: STORED_AT,
    updatedAt: STORED_AT,
    lastSeenAt: STORED_AT,
    timesSeen: 1,
    version: 1,
    tier: 'hot',
    form: 'full',
    accessCount: 0,
  };
}
