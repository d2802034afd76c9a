/**
 * A million outcomes of ten years, rolled up as a night leaves them, asked for by provider, by two dimensions and in
 * all; and the nearest of a thousand decisions. Against the same rows, or the same listing, read with the SDK alone on
 * the same emulator in the same run.
 */
import { BatchWriteCommand, type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { DecisionResult } from '../../lambdas/results/decision-result.ts';
import { type Grouping, GroupTallies } from '../../lambdas/results/grouping.ts';
import { addDays, daysBetween } from '../../lambdas/results/periods.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { randomSource } from '../shared/random.ts';
import { withServiceTables } from '../shared/service-tables.ts';
import { table, timed, timingOf } from '../shared/figures.ts';
import { Table } from '../../lambdas/shared/dynamodb/table.ts';

const AGENT = 'bench';
const NOW = '2026-03-04T12:00:00.000Z';
const FIRST_DAY = '2016-03-07';

const print = (text: string) => process.stdout.write(`${text}\n`);
const ms = (value: number) => value.toFixed(1);

function resultOf(day: string, random: () => number): DecisionResult {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)]!;
  const success = random() < 0.54;
  const timestamp = `${day}T12:00:00.000Z`;
  return {
    decisionId: '',
    decisionType: pick(['TRADE_EXECUTION', 'HEDGE']),
    timestamp,
    loggedAt: timestamp,
    kind: success ? 'success' : 'failure',
    pnl: Math.round((success ? 1 : -1) * 10_000 * random() ** 3) / 100,
    closedOn: day,
    symbol: pick(['BTC', 'ETH', 'SOL', 'ADA', 'XRP', 'DOT', 'LTC', 'BNB']),
    regime: pick(['bull', 'bear', 'flat']),
    followed: [pick(['a', 'b', 'c', 'd'])],
    opposed: [],
  };
}

const asked: readonly Grouping[] = ['all', 'provider', 'provider+symbol', 'provider+regime'];

/** Rows of days, months and years, as nights would have left them, of the groupings that are asked for. */
async function storeRollups(documents: DynamoDBDocumentClient, outcomes: number): Promise<void> {
  const { daySortKey, monthSortKey, toRollupItem, yearSortKey } =
    await import('../../lambdas/results/table.ts');
  const random = randomSource(1);
  const days = daysBetween(FIRST_DAY, NOW.slice(0, 10)) - 1;
  const sums = new Map<string, Map<Grouping, GroupTallies>>();
  const sumOf = (sortKey: string): Map<Grouping, GroupTallies> => {
    let sum = sums.get(sortKey);
    if (!sum) sums.set(sortKey, (sum = new Map(asked.map((grouping) => [grouping, new GroupTallies()]))));
    return sum;
  };
  for (let i = 0; i < days; i++) {
    const day = addDays(FIRST_DAY, i);
    const share = Math.floor(((i + 1) * outcomes) / days) - Math.floor((i * outcomes) / days);
    const ofDay = sumOf(daySortKey(day, day));
    for (let k = 0; k < share; k++) {
      const result = resultOf(day, random);
      for (const grouping of asked) ofDay.get(grouping)!.add(result, grouping);
    }
    for (const period of [monthSortKey(day.slice(0, 7)), yearSortKey(day.slice(0, 4))])
      for (const grouping of asked) sumOf(period).get(grouping)!.append(ofDay.get(grouping)!);
    // of a day in the middle of the window, only what it adds to is ever read
    if (day > '2016-03-31' && day < '2026-03-01') sums.delete(daySortKey(day, day));
  }
  const items = [...sums].flatMap(([sortKey, sum]) =>
    asked.map((grouping) => toRollupItem(AGENT, grouping, sortKey, sum.get(grouping)!)),
  );
  for (let start = 0; start < items.length; start += 25)
    await documents.send(
      new BatchWriteCommand({
        RequestItems: {
          [tables.memory.name]: items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } })),
        },
      }),
    );
}

async function rawRows(documents: DynamoDBDocumentClient, grouping: Grouping): Promise<number> {
  let rows = 0;
  for (const [from, to] of [
    ['Y#2017', 'Y#2025~'],
    ['M#2016-04', 'M#2016-12~'],
    ['M#2026-01', 'M#2026-02~'],
    ['D#2016-03-07', 'D#2016-03-31~'],
    ['D#2026-03-01', 'D#2026-03-03~'],
  ]) {
    const { Items } = await documents.send(
      new QueryCommand({
        TableName: tables.memory.name,
        ConsistentRead: true,
        KeyConditionExpression: 'PK = :pk AND SK BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': `performance:${AGENT}#${grouping}`, ':from': from, ':to': to },
      }),
    );
    rows += Items?.length ?? 0;
  }
  return rows;
}

async function storeDecisions(documents: DynamoDBDocumentClient, count: number): Promise<void> {
  const { toItem } = await import('../../lambdas/decisions/table.ts');
  const { typedId } = await import('../../lambdas/shared/platform/ids.ts');
  const random = randomSource(2);
  const items = Array.from({ length: count }, (_, i) => {
    const timestamp = new Date(Date.parse(NOW) - (i + 1) * 3_600_000).toISOString();
    return toItem({
      agentId: AGENT,
      decisionId: typedId('TRADE_EXECUTION', new Date(timestamp), Buffer.from(String(i).padStart(10, '0'))),
      decisionType: 'TRADE_EXECUTION',
      timestamp,
      context: {
        market: { trend: i % 3 === 0 ? 'up' : 'down', volatility: random() },
        rsi: random() * 100,
        notes: 'x'.repeat(300),
      },
      status: i % 2 === 0 ? 'success' : 'failure',
      outcome: {
        status: i % 2 === 0 ? 'success' : 'failure',
        occurredAt: timestamp,
        metrics: { pnl: random() },
      },
      outcomeRevision: 1,
      depth: 1,
      loggedAt: NOW,
    });
  });
  for (let start = 0; start < items.length; start += 25)
    await documents.send(
      new BatchWriteCommand({
        RequestItems: {
          [tables.decisions.name]: items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } })),
        },
      }),
    );
}

async function rawListing(documents: DynamoDBDocumentClient): Promise<void> {
  await documents.send(
    new QueryCommand({
      TableName: tables.decisions.name,
      IndexName: 'timeline',
      ScanIndexForward: false,
      Limit: 1000,
      KeyConditionExpression: 'timelineKey = :key',
      ExpressionAttributeValues: { ':key': `agent:${AGENT}` },
    }),
  );
}

export interface PerformanceOptions {
  readonly outcomes: number;
  /** Decisions among which the nearest are looked for. */
  readonly decisions: number;
  readonly runs: number;
  /** Slow answers pass: they come from whatever else the machine does. */
  readonly quick: boolean;
}

async function bench({ outcomes, decisions, runs, quick }: PerformanceOptions): Promise<boolean> {
  const { createRuntime } = await import('../../lambdas/shared/platform/runtime.ts');
  const { createResultsHandler } = await import('../../lambdas/results/results.lambda.ts');
  const { resultsRoutes } = await import('../../lambdas/results/contract.ts');
  const runtime = { ...createRuntime('performance'), clock: () => new Date(NOW) };
  const { documents } = runtime;
  const handler = createResultsHandler(runtime, {
    AUTH_MODE: 'none',
    DECISIONS_TABLE: tables.decisions.name,
    STATE_TABLE: tables.state.name,
    MEMORY_TABLE: tables.memory.name,
  });
  const ask = async (route: keyof typeof resultsRoutes, query?: Record<string, string>, body?: unknown) => {
    const { method, path } = resultsRoutes[route];
    const event = {
      routeKey: `${method} ${path}`,
      rawPath: path.replace('{agentId}', AGENT),
      pathParameters: { agentId: AGENT },
      ...(query && { queryStringParameters: query }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      requestContext: { requestId: 'bench', http: { method } },
    };
    const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 29_000 };
    const answer = await handler(event as never, context as never);
    if ((answer.statusCode ?? 500) >= 300) throw new Error(String(answer.body));
    return JSON.parse(answer.body!) as { totals: { n: number } };
  };
  print(`storing the rollups of ${outcomes} outcomes …`);
  print(`  ${ms((await timed(() => storeRollups(documents, outcomes))) / 1000)} s`);
  await storeDecisions(documents, decisions);
  const { AgentRegistry } = await import('../../lambdas/agents/agent-registry.ts');
  await new AgentRegistry(new Table(documents, tables.state.name, runtime.clock)).noteActivity(AGENT, [
    'TRADE_EXECUTION',
  ]);

  const rows = [['question', 'p50 ms', 'p99 ms', 'raw p50 ms', 'ratio']];
  let slowest = 0;
  const compare = async (name: string, run: () => Promise<unknown>, raw: () => Promise<unknown>) => {
    const spent: number[] = [];
    const rawSpent: number[] = [];
    for (let i = 0; i < runs; i++) {
      spent.push(await timed(run));
      rawSpent.push(await timed(raw));
    }
    const [ours, theirs] = [timingOf(spent), timingOf(rawSpent)];
    slowest = Math.max(slowest, ours.p99);
    rows.push([name, ms(ours.p50), ms(ours.p99), ms(theirs.p50), (ours.p50 / theirs.p50).toFixed(2)]);
  };
  const windowDays = String(daysBetween(FIRST_DAY, NOW.slice(0, 10)));
  const { totals } = await ask('getPerformance', { windowDays });
  for (const [groupBy, grouping] of [
    ['provider', 'provider'],
    ['symbol,provider', 'provider+symbol'],
  ] as const)
    await compare(
      `performance by ${groupBy}, ${windowDays} days`,
      () => ask('getPerformance', { windowDays, groupBy }),
      async () => [await rawRows(documents, 'all'), await rawRows(documents, grouping)],
    );
  await compare(
    'provider weights in a regime',
    () => ask('getProviderWeights', { windowDays, regime: 'bull' }),
    async () => [await rawRows(documents, 'provider'), await rawRows(documents, 'provider+regime')],
  );
  const situation = { market: { trend: 'up', volatility: 0.3 }, rsi: 40 };
  const first = await timed(() => ask('findSimilar', undefined, { situation }));
  await compare(
    `similar among ${decisions}, warm`,
    () => ask('findSimilar', undefined, { situation }),
    () => rawListing(documents),
  );
  print(table(rows));
  print(`similar, first request of an instance: ${ms(first)} ms`);
  print(
    `${totals.n} outcomes counted, the slowest answer of ${runs * (rows.length - 1)} took ${ms(slowest)} ms`,
  );
  // and those of today: one an hour
  return totals.n === outcomes + 12 && (quick || slowest < 1000);
}

export const run = (options: PerformanceOptions): Promise<boolean> => withServiceTables(() => bench(options));
