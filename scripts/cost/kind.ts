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
  /** Requests of these that meet an instance which has to read again what it remembers of an agent. */
  readonly rereads?: {
    readonly count: number;
    /** What it reads grows with this; the replay has fewer. */
    readonly with: 'decisions of a week' | 'memories';
  };
  call(i: number, made: Made): Call;
  /** Keeps what later requests need of the answer. */
  keep?(answer: never, made: Made, agentId: string): void;
}

export const agentOf = (i: number): string => AGENTS[i % AGENTS.length]!;
/** Memory of functions, as the service stack has it: most of them, and those that compute while the caller waits. */
export const SMALL = 0.5;
export const CPU = 1.73;

/** What an instance remembers for so many minutes is read again by so many of evenly spaced requests. */
export const rereadsOf = (requests: number, minutes: number): number => {
  const between = (AGENTS.length * NIGHTS * 24 * 60) / requests;
  return Math.round(requests / Math.max(1, Math.ceil(minutes / between)));
};
/** One request in fifty meets a function that has to start. */
export const COLD_SHARE = 0.02;

export const at = (i: number): string => `/agents/${agentOf(i)}`;
export const pick = <Item>(items: readonly Item[], i: number): Item => items[(i * 7919) % items.length]!;
export const types = ['SIGNAL_GENERATION', 'RISK_ASSESSMENT', 'TRADE_EXECUTION'] as const;
export const context = (i: number) => ({
  market: {
    trend: ['up', 'down', 'flat'][i % 3],
    volatility: ['low', 'high'][(i >> 1) % 2],
    session: ['asia', 'europe', 'america'][(i >> 3) % 3],
    rangePosition: (i % 89) / 89,
  },
  portfolio: { cash: 10_000 - (i % 500), exposure: (i % 10) / 10 },
});

export const subject = (i: number): string => ['BTC', 'ETH', 'SOL', 'ADA'][(i * 7) % 4]!;

export const decisionOf = (i: number): unknown => ({
  decisionType: types[i % 3],
  context: context(i),
  action: ['buy', 'sell', 'hold'][(i >> 2) % 3],
  reasoning: { scores: { a: 0.4, b: 0.6 }, selected: ['b'], confidence: 0.6 },
});
