import type { Decision } from '../decisions/decision.ts';
import type { Memory } from '../memories/memory.ts';
import type { Ready } from '../memories/search/memory-search.ts';
import type { Hit } from '../memories/search/ranking.ts';
import type { Matched, PatternMatching } from '../patterns/pattern-matching.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import type { SessionHead } from '../sessions/session.ts';
import type { Delivery } from '../signals/signal.ts';
import type { Relevant } from './entries.ts';
import type { CurrentSession, SessionsOnTopic } from './past-sessions.ts';
import type { WantedMemories } from './relevant-memories.ts';

/** The services a context is made from. */
export interface Sources {
  /** @throws NotFoundError */
  session(agentId: string, sessionId: string): Promise<ResumedSession>;
  /** Open deliveries, in any order. */
  signals(agentId: string): Promise<WaitingSignals>;
  insights(agentId: string, situation: Parameters<PatternMatching['match']>[1]): Promise<readonly Matched[]>;
  /** The agent's decisions of the last seven days. */
  decisions(agentId: string): Promise<readonly Decision[]>;
  /** The same decisions as they are now, without those that are gone or voided. */
  rereadDecisions(agentId: string, decisions: readonly Decision[]): Promise<readonly Decision[]>;
  /** @param head of the current session, while it is being read; never fails */
  sessionsOnTopic(
    agentId: string,
    current: CurrentSession,
    head: Promise<SessionHead | undefined>,
  ): Promise<SessionsOnTopic>;
  /** Brings the memories up to date, which `memories` then searches. */
  refreshMemories(agentId: string): Promise<Ready>;
  /** @param refreshed @default refreshed by this call */
  memories(agentId: string, wanted: WantedMemories, refreshed?: Promise<Ready>): Promise<readonly Hit[]>;
  /** Of these memories of other agents, those still shared with the agent, as they are now. */
  rereadSharedMemories(
    agentId: string,
    memories: readonly Pick<Relevant, 'agentId' | 'id'>[],
  ): Promise<readonly Memory[]>;
  /** Counts the memories that were shown as read. */
  noteShown(memories: readonly Pick<Relevant, 'agentId' | 'id'>[]): Promise<void>;
}

export interface WaitingSignals {
  readonly newest: readonly Delivery[];
  /** False when older ones wait as well. */
  readonly isComplete: boolean;
}
