import type * as z from 'zod';
import { cut } from '../shared/text/words.ts';
import type { endRequestSchema } from './contract.ts';
import type { SessionHead, SessionSubject } from './session.ts';
import { notesOf } from './summary/summarizer.ts';
import { type SummaryContent, textOf } from './summary/summary.ts';

/** Something a session leaves to long-term memory. */
export type Insight = NonNullable<z.output<typeof endRequestSchema>['insights']>[number];

/** Insights with the attributes of their session that they carry along. */
export interface InsightOffer extends Pick<SessionHead, 'agentId' | 'sessionId' | 'userId' | 'topic'> {
  readonly endedAt: string;
  readonly insights: readonly Insight[];
}

const MAX_CONTENT = 2_000;
const DECISION_IMPORTANCE = 0.5;

/**
 * The insight of a session whose caller stated none: its summary, if something was decided in it. Small talk leaves
 * nothing: a memory filled with chatter is worse than forgetting it.
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
