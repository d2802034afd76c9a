import { describe, expect, it } from '@jest/globals';
import { marshall } from '@aws-sdk/util-dynamodb';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { billOf, peersOf, type Usage } from '../../scripts/cost/bill.ts';
import { transactionUnits } from '../../scripts/cost/meter.ts';
import { mix } from '../../scripts/cost/mix.ts';
import { startsAMonth } from '../../scripts/cost/template.ts';

const nothing: Usage = {
  writeUnits: 0,
  readUnits: 0,
  storedGigabytes: 0,
  requests: 0,
  invocations: 0,
  gigabyteSeconds: 0,
  mappedQueues: 0,
  busEvents: 0,
  scheduled: 0,
  logGigabytes: 0,
  traces: 0,
  metrics: 0,
  alarms: 0,
  dashboards: 0,
  archivedObjects: 0,
  archivedGigabytes: 0,
};
const sumOf = (usage: Partial<Usage>) =>
  billOf({ ...nothing, ...usage }).reduce(
    (sum, { dollars, beyondFree }) => [sum[0]! + dollars, sum[1]! + beyondFree],
    [0, 0],
  );

describe('the bill', () => {
  it.each<[Partial<Usage>, number, number]>([
    [{}, 0, 0],
    [{ writeUnits: 1e6, readUnits: 1e6 }, 0.75, 0.75],
    [{ storedGigabytes: 1 }, 0.45, 0.2],
    [{ requests: 1e6 }, 1, 1],
    [{ invocations: 1e6, gigabyteSeconds: 400_000 }, 5.53336, 0],
    [{ mappedQueues: 1 }, 0.324, 0],
    [{ metrics: 11, alarms: 12, dashboards: 4 }, 3.5, 3.5],
    [{ traces: 100_001 }, 5e-6, 5e-6],
  ])('%j', (usage, list, beyondFree) => {
    const [dollars, rest] = sumOf(usage);
    expect(dollars).toBeCloseTo(list, 5);
    expect(rest).toBeCloseTo(beyondFree, 5);
  });

  it('is of 26,000 writes and 100,000 reads, which cost $56.50 elsewhere', () => {
    const count = (kind: string) =>
      mix.filter((one) => one.kind === kind).reduce((sum, { count: n }) => sum + n, 0);
    expect([count('write'), count('read')]).toEqual([26_000, 100_000]);
    expect(peersOf(count('write'), count('read'))[0]!.dollars).toBe(56.5);
  });

  it.each([
    ['rate(15 minutes)', 2_880],
    ['rate(1 day)', 30],
    ['cron(0 2 * * ? *)', 30],
  ])('%s starts %d times a month', (expression, times) => expect(startsAMonth(expression)).toBe(times));
});

it('a transaction costs twice its base writes and once each index it touches', () => {
  const TableName = tables.signals.name;
  const item = (bytes: number, keys: Record<string, string>) =>
    marshall({ PK: 'p', SK: 's', data: 'x'.repeat(bytes), ...keys });
  expect(transactionUnits([{ Put: { TableName, Item: item(10, { inboxKey: 'a', sentKey: 'b' }) } }])).toBe(4);
  expect(transactionUnits([{ Put: { TableName, Item: item(1_500, { inboxKey: 'a' }) } }])).toBe(6);
  expect(
    transactionUnits([
      { Update: { TableName, UpdateExpression: 'SET inboxKey = :x' } },
      { ConditionCheck: { TableName } },
    ]),
  ).toBe(5);
});
