import type { DailyBar } from './bars.ts';

/** What a year of trading needs of the service. */
export interface Desk {
  /** Time has come this far. A service with a clock of its own takes no notice. */
  at(time: string): void;
  log(decisions: readonly unknown[]): Promise<void>;
  consolidate(asOf: string): Promise<void>;
  promoted(): Promise<readonly LearnedPattern[]>;
  /** Ids of promoted patterns whose conditions hold. */
  match(context: Record<string, unknown>): Promise<readonly string[]>;
  weights(): Promise<readonly ProviderWeight[]>;
  snapshot(body: Record<string, unknown>): Promise<QuarterSnapshot>;
}

export interface LearnedPattern {
  readonly patternId: string;
  readonly description: string;
  readonly asserts: 'success' | 'failure';
  readonly conditions: readonly unknown[];
}

export interface ProviderWeight {
  readonly provider: string;
  readonly weight: number;
  readonly n: number;
  readonly rate: number | null;
}

export interface QuarterSnapshot {
  readonly openingValue: number;
  readonly finalValue: number;
  readonly totalReturn: number | null;
  readonly sharpe: number | null;
  readonly maxDrawdownPct: number | null;
  readonly trades: number;
}

export interface Quarter {
  readonly name: string;
  /** As it was found before the quarter's first decision. */
  readonly known: {
    readonly patterns: readonly LearnedPattern[];
    readonly weights: readonly ProviderWeight[];
  };
  /** What the day before its first matched of that. */
  readonly matched: readonly string[];
  readonly snapshot: QuarterSnapshot;
  /** Forecasts of the day after, and how many were right: by all providers alike, and as they were weighed. */
  readonly votes: { readonly n: number; readonly equal: number; readonly weighted: number };
}

export const STARTING_VALUE = 10_000;
const STAKE = 1000;
const FEE_RATE = 0.001;
/** Days a provider or a feature looks back. */
const TREND_DAYS = 50;
const VOLATILITY_DAYS = 5;
const USUAL_DAYS = 60;
const HOUR = 3_600_000;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Moves of the days up to bar `i`, the last ones. */
const movesTo = (bars: readonly DailyBar[], i: number, days: number): number[] =>
  Array.from({ length: days }, (_, k) => bars[i - k]!.close / bars[i - k - 1]!.close - 1);

/** Up or down tomorrow? */
const forecasters: Readonly<Record<string, (bars: readonly DailyBar[], i: number) => boolean>> = {
  momentum: (bars, i) => bars[i]!.close >= bars[i - 1]!.close,
  reversal: (bars, i) => bars[i]!.close < bars[i - 1]!.close,
  trend: (bars, i) => bars[i]!.close >= mean(bars.slice(i - TREND_DAYS + 1, i + 1).map(({ close }) => close)),
};
export const providers = Object.keys(forecasters);

export const contextAt = (bars: readonly DailyBar[], i: number): Record<string, unknown> => {
  const volatility = Math.sqrt(mean(movesTo(bars, i, VOLATILITY_DAYS).map((move) => move * move)));
  const usual = median(movesTo(bars, i, USUAL_DAYS).map(Math.abs));
  return {
    volatility: volatility < usual * 1.5 ? 'low' : 'high',
    trend: forecasters['trend']!(bars, i) ? 'up' : 'down',
  };
};

/** A trade for a day, on what the providers together say; and whether the day is calmer than usual. */
function decisionsAt(bars: readonly DailyBar[], i: number, weightOf: (provider: string) => number) {
  const [today, tomorrow] = [bars[i]!, bars[i + 1]!];
  const timestamp = `${today.day}T23:30:00.000Z`;
  const closedAt = `${tomorrow.day}T23:30:00.000Z`;
  const votes = providers.map((provider) => ({ provider, up: forecasters[provider]!(bars, i) }));
  const balance = (weigh: (provider: string) => number): number =>
    votes.reduce((sum, { provider, up }) => sum + (up ? 1 : -1) * weigh(provider), 0);
  const up = balance(weightOf) >= 0;
  const rose = tomorrow.close > today.close;
  const size = STAKE / today.close;
  const gross = (tomorrow.close - today.close) * size * (up ? 1 : -1);
  const fees = STAKE * FEE_RATE;
  const context = contextAt(bars, i);
  const usual = median(movesTo(bars, i, USUAL_DAYS).map(Math.abs));
  return {
    right: { equal: balance(() => 1) >= 0 === rose, weighted: up === rose },
    pnl: gross - fees,
    rows: [
      {
        decisionType: 'TRADE_EXECUTION',
        timestamp,
        context,
        action: up ? 'long' : 'short',
        outcome: {
          status: up === rose ? 'success' : 'failure',
          occurredAt: closedAt,
          regime: context['trend'] === 'up' ? 'bull' : 'bear',
          providers: votes.map((vote) => ({ provider: vote.provider, vote: vote.up ? 'long' : 'short' })),
          trade: {
            symbol: 'BTC-USD',
            side: up ? 'long' : 'short',
            size,
            entryPrice: today.close,
            entryTime: timestamp,
            exitPrice: tomorrow.close,
            exitTime: closedAt,
            fees,
            pnl: gross - fees,
          },
        },
      },
      {
        decisionType: 'RISK_ASSESSMENT',
        timestamp,
        context,
        action: 'calm',
        outcome: {
          status: Math.abs(tomorrow.close / today.close - 1) < usual ? 'success' : 'failure',
          occurredAt: closedAt,
        },
      },
    ],
  };
}

/**
 * Four quarters, one after the other. Before a quarter's first decision it is asked what is known, and the quarter
 * trades on that; after its last one comes a night.
 * @param everyDays days from one decision to the next
 * @throws Error when the bars lack a day of the year, or 61 before it
 */
export async function tradeYear(
  desk: Desk,
  bars: readonly DailyBar[],
  year: number,
  everyDays = 1,
): Promise<Quarter[]> {
  const quarters: Quarter[] = [];
  let earned = 0;
  for (const quarter of [1, 2, 3, 4]) {
    const first = new Date(Date.UTC(year, (quarter - 1) * 3, 1)).toISOString().slice(0, 10);
    const next = new Date(Date.UTC(year, quarter * 3, 1)).toISOString().slice(0, 10);
    // a decision closes on the day after it: the quarter's last closes on its last day
    const inQuarter = bars.flatMap(({ day }, i) => {
      const closes = bars[i + 1]?.day;
      return first <= day && closes !== undefined && closes < next ? [i] : [];
    });
    const days = inQuarter.filter((_, i) => i % everyDays === 0);
    const begin = days[0];
    if (begin === undefined || begin < USUAL_DAYS || inQuarter.length < 80)
      throw new Error(`${year} is not in the prices, with ${USUAL_DAYS} days before it`);
    const known = { patterns: await desk.promoted(), weights: await desk.weights() };
    const matched = await desk.match(contextAt(bars, begin - 1));
    const weightOf = (name: string): number =>
      known.weights.find(({ provider }) => provider === name)?.weight ?? 1;
    const rows: unknown[] = [];
    const votes = { n: 0, equal: 0, weighted: 0 };
    for (const i of days) {
      const { rows: ofDay, right, pnl } = decisionsAt(bars, i, weightOf);
      rows.push(...ofDay);
      earned += pnl;
      votes.n++;
      votes.equal += Number(right.equal);
      votes.weighted += Number(right.weighted);
    }
    const end = Date.parse(`${next}T00:00:00.000Z`);
    desk.at(new Date(end).toISOString());
    await desk.log(rows);
    desk.at(new Date(end + 2 * HOUR).toISOString());
    await desk.consolidate(new Date(end).toISOString());
    const snapshot = await desk.snapshot({
      period: 'quarter',
      date: first,
      since: `${year}-01-01`,
      startingValue: STARTING_VALUE,
    });
    if (Math.abs(snapshot.finalValue - STARTING_VALUE - earned) > 1e-6)
      throw new Error(`the snapshot says ${snapshot.finalValue}, the trades ${STARTING_VALUE + earned}`);
    quarters.push({ name: `Q${quarter} ${year}`, known, matched, snapshot, votes });
  }
  return quarters;
}
