import { agentOf, at, CPU, decisionOf, SMALL, subject, type Kind } from './kind.ts';

/** A month's writes but the ends of sessions, in an order in which each finds what it names. */
export const writes: readonly Kind[] = [
  {
    name: 'log a decision',
    count: 9_500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/decisions`,
      body: decisionOf(i),
    }),
    keep: ({ decisionId }: { decisionId: string }, made, agentId) =>
      void made.decisions.push({ agentId, decisionId }),
  },
  {
    name: 'record its outcome',
    count: 7_500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i, { decisions }) => {
      const { agentId, decisionId } = decisions[i % decisions.length]!;
      return {
        method: 'PUT',
        path: `/agents/${agentId}/decisions/${decisionId}/outcome`,
        body: {
          status: i % 3 === 0 ? 'failure' : 'success',
          qualityScore: 0.7,
          metrics: { pnl: (i % 40) - 15 },
        },
      };
    },
  },
  {
    name: 'publish a signal to one agent',
    count: 1_500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/signals`,
      body: {
        signalType: 'TRADE_SETUP',
        targetAgents: [agentOf(i + 1)],
        severity: 'medium',
        confidence: 0.7,
        data: { coin: 'BTC', side: 'long', price: 8_051.5 },
      },
    }),
    keep: ({ signalId, targetAgents }: { signalId: string; targetAgents: string[] }, made) =>
      void made.signals.push({ agentId: targetAgents[0]!, signalId }),
  },
  {
    name: 'acknowledge it',
    count: 1_500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i, { signals }) => {
      const { agentId, signalId } = signals[i % signals.length]!;
      return {
        method: 'POST',
        path: `/agents/${agentId}/inbox/${signalId}/ack`,
        body: { status: 'PROCESSED' },
      };
    },
  },
  {
    name: 'open a session',
    count: 500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i) => ({ method: 'POST', path: `${at(i)}/sessions`, body: { userId: `user-${i % 20}` } }),
    keep: ({ sessionId }: { sessionId: string }, made, agentId) =>
      void made.sessions.push({ agentId, sessionId }),
  },
  {
    name: 'append a message',
    count: 3_000,
    kind: 'write',
    gigabytes: SMALL,
    call: (i, { sessions }) => {
      const { agentId, sessionId } = sessions[i % sessions.length]!;
      return {
        method: 'POST',
        path: `/agents/${agentId}/sessions/${sessionId}/messages`,
        body: { role: i % 2 === 0 ? 'user' : 'assistant', content: `How does ${i} look? `.repeat(20) },
      };
    },
  },
  {
    name: 'save a memory',
    count: 1_000,
    kind: 'write',
    gigabytes: CPU,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/memories`,
      body: {
        memoryType: 'OBSERVATION',
        category: 'market_observations',
        content: `${subject(i)} on day ${i}: ${'the spread widened after the news and closed within the hour. '.repeat(4)}`,
        tags: ['spread'],
        importance: 0.6,
      },
    }),
  },
  {
    name: 'put a working value',
    count: 700,
    kind: 'write',
    gigabytes: SMALL,
    call: (i) => ({
      method: 'PUT',
      path: `${at(i)}/working/focus`,
      body: { value: { symbol: 'BTC', step: i } },
    }),
  },
  {
    name: 'count against a rate limit',
    count: 300,
    kind: 'write',
    gigabytes: SMALL,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/counters/orders`,
      body: { windowSeconds: 60, limit: 100_000 },
    }),
  },
];

/** After everything else. */
export const ends: readonly Kind[] = [
  {
    name: 'end a session',
    count: 500,
    kind: 'write',
    gigabytes: SMALL,
    call: (i, { sessions }) => {
      const { agentId, sessionId } = sessions[i % sessions.length]!;
      return { method: 'POST', path: `/agents/${agentId}/sessions/${sessionId}/end`, body: {} };
    },
  },
];
