import type { AssembledContext } from './context-assembly.ts';
import { asLine } from './stored-text.ts';

/** The answer: one text, and beside it the parts with the ids of everything in them. */
export function toAnswer(context: AssembledContext) {
  const { agentId, asOf, text, tokens, session, immediate, degraded, exposureId } = context;
  return {
    agentId,
    asOf,
    text,
    tokens,
    immediate: session && immediate ? toImmediate(session.head, immediate) : null,
    relevant: context.relevant.placed.map(({ of: { ref, of, score, ...why }, body, cut }) => ({
      ref,
      kind: of.kind,
      id: of.id,
      agentId: of.agentId,
      timestamp: of.timestamp,
      text: body,
      cut,
      score,
      why: { relevance: why.relevance, recency: why.recency, outcome: why.outcome },
      endings: of.endings,
    })),
    insights: context.insights.placed.map(({ of, body }) => ({
      ref: of.ref,
      advice: of.asserts === 'success' ? ('repeat' as const) : ('avoid' as const),
      patternId: of.patternId,
      decisionType: of.decisionType,
      n: of.n,
      rate: of.rate,
      confidence: of.confidence,
      baseline: of.baseline,
      version: of.version,
      ...(of.standing && { owner: of.agentId, standing: of.standing }),
      text: body,
    })),
    signals: context.signals.placed.map(({ of, body, cut }) => ({
      ref: of.ref,
      signalId: of.signalId,
      signalType: of.signalType,
      sourceAgent: of.sourceAgent,
      severity: of.severity,
      confidence: of.confidence,
      status: of.status === 'PROCESSING' ? ('PROCESSING' as const) : ('PENDING' as const),
      timestamp: of.timestamp,
      expiresAt: of.expiresAt,
      text: body,
      cut,
    })),
    degraded,
    exposureId,
  };
}

function toImmediate(
  { sessionId, status, topic, userId }: NonNullable<AssembledContext['session']>['head'],
  { summary, messages, omitted }: NonNullable<AssembledContext['immediate']>,
) {
  return {
    sessionId,
    status,
    ...(topic !== undefined && { topic: asLine(topic) }),
    ...(userId !== undefined && { userId }),
    summary,
    messages: [...messages],
    omitted,
  };
}
