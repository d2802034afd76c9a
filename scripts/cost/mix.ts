/** A month of a team of three agents: 26,000 writes and 100,000 reads, and the nights between them. */
export const AGENTS = ['market-hunter', 'risk-manager', 'trade-executor'] as const;
export const NIGHTS = 30;
/** Decisions there are at any time: they are kept for three months. */
export const DECISIONS_KEPT = 30_000;

/** What earlier requests of the replay made, for later ones to name. */
export interface Made {
  readonly decisions: { readonly agentId: string; readonly decisionId: string }[];
  readonly signals: { readonly agentId: string; readonly signalId: string }[];
  readonly sessions: { readonly agentId: string; readonly sessionId: string }[];
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
}

export interface Kind {
  readonly name: string;
  /** Requests a month. */
  readonly count: number;
  readonly kind: 'write' | 'read';
  /** Gigabytes of the function that answers. */
  readonly gigabytes: number;
  call(i: number, made: Made): Call;
  /** Keeps what later requests need of the answer. */
  keep?(answer: never, made: Made, agentId: string): void;
}

export const agentOf = (i: number): string => AGENTS[i % AGENTS.length]!;
const at = (i: number): string => `/agents/${agentOf(i)}`;
const pick = <Item>(items: readonly Item[], i: number): Item => items[(i * 7919) % items.length]!;
const types = ['SIGNAL_GENERATION', 'RISK_ASSESSMENT', 'TRADE_EXECUTION'] as const;
const context = (i: number) => ({
  market: {
    trend: ['up', 'down', 'flat'][i % 3],
    volatility: ['low', 'high'][(i >> 1) % 2],
    session: ['asia', 'europe', 'america'][(i >> 3) % 3],
    rangePosition: (i % 89) / 89,
  },
  portfolio: { cash: 10_000 - (i % 500), exposure: (i % 10) / 10 },
});

export const decisionOf = (i: number): unknown => ({
  decisionType: types[i % 3],
  context: context(i),
  action: ['buy', 'sell', 'hold'][(i >> 2) % 3],
  reasoning: { scores: { a: 0.4, b: 0.6 }, selected: ['b'], confidence: 0.6 },
});

/** Writes first, so that reads find what was written. */
export const mix: readonly Kind[] = [
  {
    name: 'log a decision',
    count: 10_000,
    kind: 'write',
    gigabytes: 0.5,
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
    count: 8_000,
    kind: 'write',
    gigabytes: 0.5,
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
    gigabytes: 0.5,
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
    gigabytes: 0.5,
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
    gigabytes: 0.5,
    call: (i) => ({ method: 'POST', path: `${at(i)}/sessions`, body: { userId: `user-${i % 20}` } }),
    keep: ({ sessionId }: { sessionId: string }, made, agentId) =>
      void made.sessions.push({ agentId, sessionId }),
  },
  {
    name: 'append a message',
    count: 3_000,
    kind: 'write',
    gigabytes: 0.5,
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
    name: 'put a working value',
    count: 1_000,
    kind: 'write',
    gigabytes: 0.5,
    call: (i) => ({
      method: 'PUT',
      path: `${at(i)}/working/focus`,
      body: { value: { symbol: 'BTC', step: i } },
    }),
  },
  {
    name: 'count against a rate limit',
    count: 500,
    kind: 'write',
    gigabytes: 0.5,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/counters/orders`,
      body: { windowSeconds: 60, limit: 100_000 },
    }),
  },
  {
    name: 'look into the inbox',
    count: 38_000,
    kind: 'read',
    gigabytes: 0.5,
    call: (i) => ({ method: 'GET', path: `${at(i)}/inbox?maxResults=10` }),
  },
  {
    name: 'ask which patterns match',
    count: 20_000,
    kind: 'read',
    gigabytes: 1.73,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/patterns/match`,
      body: { decisionType: types[i % 3], context: context(i), record: i % 2 === 0 },
    }),
  },
  {
    name: 'read a decision',
    count: 18_000,
    kind: 'read',
    gigabytes: 0.5,
    call: (i, { decisions }) => {
      const { agentId, decisionId } = pick(decisions, i);
      return { method: 'GET', path: `/agents/${agentId}/decisions/${decisionId}` };
    },
  },
  {
    name: 'list the last 20 decisions',
    count: 10_000,
    kind: 'read',
    gigabytes: 0.5,
    call: (i) => ({ method: 'GET', path: `${at(i)}/decisions?term=stm&maxResults=20` }),
  },
  {
    name: 'resume a session',
    count: 8_000,
    kind: 'read',
    gigabytes: 0.5,
    call: (i, { sessions }) => {
      const { agentId, sessionId } = pick(sessions, i);
      return { method: 'GET', path: `/agents/${agentId}/sessions/${sessionId}` };
    },
  },
  {
    name: 'get a working value',
    count: 6_000,
    kind: 'read',
    gigabytes: 0.5,
    call: (i) => ({ method: 'GET', path: `${at(i)}/working/focus` }),
  },
];

/** What reads the whole window of decisions: measured on the replay's few, and multiplied up to what is kept. */
export const reports = {
  name: 'success rate of 30 days',
  count: 90,
  gigabytes: 1.73,
  path: '/success-rate?windowDays=30',
};
