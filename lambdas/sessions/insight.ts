import { cut } from '../shared/text/words.ts';
import type { SessionHead, SessionSubject } from './session.ts';
import { notesOf } from './summarizer.ts';
import { type SummaryContent, textOf } from './summary.ts';

/** What a session leaves to long-term memory. */
export interface Insight {
  readonly content: string;
  /** 0 to 1. */
  readonly importance: number;
  readonly tags: readonly string[];
}

/** What of a session its insights carry with them. */
export interface InsightOffer extends Pick<SessionHead, 'agentId' | 'sessionId' | 'userId' | 'topic'> {
  readonly endedAt: string;
  readonly insights: readonly Insight[];
}

const MAX_CONTENT = 2_000;
const DECISION_IMPORTANCE = 0.5;

/**
 * What is worth remembering of a session nobody said anything about: its summary, if something was decided in it.
 * Small talk leaves nothing: what fills a memory with chatter is worse than forgetting it.
 */
export function derivedInsight(
  { topic, userId }: SessionSubject,
  summary: SummaryContent | undefined,
  limitBytes: number,
): Insight | undefined {
  if (!summary || !notesOf(summary, limitBytes).some(({ kind }) => kind === 'decision')) return undefined;
  const about = topic ?? userId;
  return {
    content: cut(`Session${about === undefined ? '' : ` about ${about}`}. ${textOf(summary)}`, MAX_CONTENT),
    importance: DECISION_IMPORTANCE,
    tags: topic === undefined ? [] : [cut(topic, 64)],
  };
}
