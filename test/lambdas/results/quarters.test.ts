import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from '@jest/globals';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import { type DailyBar, inventDailyBars, readDailyBars } from '../../../scripts/examples/quarters/bars.ts';
import { type Desk, providers, tradeYear } from '../../../scripts/examples/quarters/trading-year.ts';
import { call } from '../../support/api.ts';
import { createTestRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createDesk } from './support.ts';

beforeAll(() => createTables());

/** A service whose clock is where the year is: what was logged in the first quarter is gone in the third. */
function deskAt(agentId: string, start: string): Desk {
  const desk = createDesk(start);
  const patterns = createTestRuntime('patterns', { now: start });
  const handler = createPatternsHandler(patterns, {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
  });
  const ask = async (route: 'listPatterns' | 'matchPatterns', body?: unknown) =>
    (await call(handler, patternRoutes[route], { params: { agentId }, ...(body !== undefined && { body }) }))
      .body;
  return {
    at: (time) => {
      desk.setTime(time);
      patterns.setTime(time);
    },
    log: async (rows) => void (await desk.log(agentId, rows as Record<string, unknown>[])),
    consolidate: async (asOf) => void (await desk.pipeline.run({ agentId, asOf })),
    promoted: async () => (await ask('listPatterns')).items,
    match: async (context) =>
      (await ask('matchPatterns', { decisionType: 'RISK_ASSESSMENT', context })).items.map(
        ({ patternId }: { patternId: string }) => patternId,
      ),
    weights: async () => (await desk.ask('getProviderWeights', agentId, { windowDays: '400' })).items,
    snapshot: (body) => desk.post('createSnapshot', agentId, body),
  };
}

async function fourQuarters(agentId: string, bars: readonly DailyBar[], year: number, everyDays: number) {
  const desk = deskAt(agentId, `${year}-01-01T00:00:00.000Z`);
  const quarters = await tradeYear(desk, bars, year, everyDays);
  quarters
    .slice(1)
    .forEach(({ snapshot }, i) =>
      expect(snapshot.openingValue).toBeCloseTo(quarters[i]!.snapshot.finalValue, 6),
    );
  return { quarters };
}

it('what the first quarter learned is there when the second begins, and when its decisions are long gone', async () => {
  const { quarters } = await fourQuarters('invented', inventDailyBars(2024, 6), 2024, 2);
  const [q1, q2, , q4] = quarters;
  expect(q1!.known).toEqual({ patterns: [], weights: [] });

  const [weather] = q2!.known.patterns;
  expect(weather).toMatchObject({
    asserts: 'failure',
    conditions: [{ path: 'volatility', op: 'eq', value: 'high' }],
  });
  expect(q2!.matched).toEqual([weather!.patternId]);
  expect(q4!.known.patterns).toMatchObject([{ patternId: weather!.patternId }]);

  expect(q2!.known.weights.map(({ provider }) => provider).sort()).toEqual([...providers].sort());
  expect(q2!.known.weights[0]).toMatchObject({ provider: 'momentum', n: 45 });
  expect(q2!.known.weights[0]!.weight).toBeGreaterThan(1.05);
  // the first quarter's decisions expired in June; what they came to counts still
  expect(q4!.known.weights[0]!.n).toBe(45 + 45 + 46);
});

const file = process.env['DAILY_PRICES'];
(file === undefined ? it.skip : it)(
  'the same holds over a year of real daily prices',
  async () => {
    const { quarters } = await fourQuarters('real', readDailyBars(readFileSync(file!, 'utf8')), 2018, 1);
    const [, q2, , q4] = quarters;
    expect(q2!.known.weights.map(({ n }) => n)).toEqual([89, 89, 89].map((n) => expect.closeTo(n, -1)));
    expect(q4!.known.weights[0]!.n).toBeGreaterThan(260);
  },
  180_000,
);
