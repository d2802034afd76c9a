import type { Decision } from '../decisions/decision.ts';
import type { Memory } from '../memories/memory.ts';
import type { Hit } from '../memories/search/ranking.ts';
import type { Matched, PatternMatching } from '../patterns/pattern-matching.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import type { SessionHead } from '../sessions/session.ts';
import type { Delivery } from '../signals/signal.ts';
import type { Relevant } from './entries.ts';
import type { OnTopic } from './past-sessions.ts';
import type { WantedMemories } from './relevant-memories.ts';

/** Where the parts come from. */
export interface Sources {
  /** @throws NotFoundError */
  session(agentId: string, sessionId: string): Promise<ResumedSession>;
  /** Open deliveries, in any order, and whether older ones wait as well. */
  signals(agentId: string): Promise<Waiting>;
  insights(agentId: string, situation: Parameters<PatternMatching['match']>[1]): Promise<readonly Matched[]>;
  /** The agent's decisions of the last seven days. */
  decisions(agentId: string): Promise<readonly Decision[]>;
  /** The same decisions as they are now. */
  decisionsNow(agentId: string, decisions: readonly Decision[]): Promise<readonly Decision[]>;
  /**
   * Sessions on the topic of the current one, which is left out; and those with another user. `isLikely`: it will turn
   * out to have a topic.
   */
  sessions(agentId: string, current: Promise<SessionHead | undefined>, isLikely: boolean): Promise<OnTopic>;
  /** Memories that have to do with what is asked; `likely` is what will probably be asked, where that is known. */
  memories(
    agentId: string,
    wanted: Promise<WantedMemories> | WantedMemories,
    likely?: WantedMemories,
  ): Promise<readonly Hit[]>;
  /** Of these memories of others, those still shared with the agent, as they are now. */
  sharedNow(
    agentId: string,
    memories: readonly Pick<Relevant, 'agentId' | 'id'>[],
  ): Promise<readonly Memory[]>;
  /** Told which of them were shown. */
  noteShown(memories: readonly Pick<Relevant, 'agentId' | 'id'>[]): Promise<void>;
}

export interface Waiting {
  readonly newest: readonly Delivery[];
  readonly areAll: boolean;
}
