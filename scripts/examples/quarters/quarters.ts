/**
 * An agent trades four quarters of daily prices on what it knew when each began. Without a file it trades on an invented
 * market in which weather lasts and moves go on.
 */
import { readFileSync } from 'node:fs';
import { withServiceAt } from '../../shared/own-service.ts';
import { inventDailyBars, readDailyBars } from './bars.ts';
import { type Desk, type Quarter, tradeYear } from './trading-year.ts';

const AGENT = 'quarterly';

const print = (text: string) => process.stdout.write(`${text}\n`);
const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

/** The service over HTTP. Its clock is the wall clock, so nothing expires while the year passes. */
function deskOf(url: string): Desk {
  const send = async <Answer = Record<string, never>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const agent = `/agents/${AGENT}`;
  return {
    at: () => undefined,
    log: async (decisions) => {
      for (let start = 0; start < decisions.length; start += 100) {
        const batch = { decisions: decisions.slice(start, start + 100) };
        const { failed } = await send<{ failed: unknown[] }>('POST', `${agent}/decisions/batch`, batch);
        if (failed.length > 0) throw new Error(JSON.stringify(failed[0]));
      }
    },
    consolidate: async (asOf) => {
      const { runId } = await send('POST', '/consolidations', { agentId: AGENT, asOf });
      for (;;) {
        const { finishedAt } = await send('GET', `/consolidations/${String(runId)}`);
        if (finishedAt !== null) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    promoted: async () => (await send('GET', `${agent}/patterns?maxResults=100`))['items']!,
    match: async (context) => {
      const body = { decisionType: 'RISK_ASSESSMENT', context };
      const { items } = await send<{ items: { patternId: string }[] }>(
        'POST',
        `${agent}/patterns/match`,
        body,
      );
      return items.map(({ patternId }) => patternId);
    },
    weights: async () => (await send('GET', `${agent}/provider-weights?windowDays=36500`))['items']!,
    snapshot: async (body) => send('POST', `${agent}/snapshots`, body),
  };
}

function printQuarter({ name, known, matched, snapshot, votes }: Quarter): void {
  print(`\n${name}`);
  print(`  known before it: ${known.patterns.length} patterns (${matched.length} match its first day)`);
  for (const { description } of known.patterns) print(`    ${description}`);
  const weights = known.weights.map(
    ({ provider, weight, n, rate }) => `${provider} ${weight.toFixed(2)} (right ${percent(rate)} of ${n})`,
  );
  print(`  weights: ${weights.length > 0 ? weights.join(', ') : 'none yet, all alike'}`);
  print(
    `  value ${snapshot.openingValue.toFixed(2)} → ${snapshot.finalValue.toFixed(2)} (${percent(snapshot.totalReturn)}), ` +
      `Sharpe ${snapshot.sharpe?.toFixed(2) ?? '–'}, maximum drawdown ${percent(snapshot.maxDrawdownPct)}, ${snapshot.trades} trades`,
  );
  print(
    `  forecasts right: ${votes.weighted} of ${votes.n} as weighed before the quarter, ${votes.equal} with all alike`,
  );
}

export interface QuarterOptions {
  readonly url: string | undefined;
  readonly csv: string | undefined;
  readonly year: number | undefined;
  readonly seed: number;
  /** Days from one decision to the next. */
  readonly every: number;
}

export async function run({ url, csv, year: wanted, seed, every }: QuarterOptions): Promise<void> {
  const bars =
    csv === undefined ? inventDailyBars(wanted ?? 2024, seed) : readDailyBars(readFileSync(csv, 'utf8'));
  const year = wanted ?? Number(bars.at(-5)!.day.slice(0, 4));
  await withServiceAt(url, async (at) => {
    print(csv === undefined ? `An invented market, seed ${seed}` : `Daily prices of ${year}`);
    for (const quarter of await tradeYear(deskOf(at), bars, year, every)) printQuarter(quarter);
  });
}
