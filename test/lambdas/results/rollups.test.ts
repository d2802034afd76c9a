import { BatchWriteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentProfiles } from '../../../lambdas/agents/agent-profiles.ts';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { DecisionImport } from '../../../lambdas/decisions/decision-import.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { DayResults } from '../../../lambdas/results/day-results.ts';
import { groupings } from '../../../lambdas/results/grouping.ts';
import { NightlyRollup } from '../../../lambdas/results/nightly-rollup.ts';
import { ResultReader } from '../../../lambdas/results/result-reader.ts';
import { RollupStore } from '../../../lambdas/results/rollup-store.ts';
import { ChangedDays } from '../../../lambdas/decisions/changed-days.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime, type TestRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createDesk, resolved } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

const after = (time: string, days: number): string =>
  new Date(Date.parse(time) + days * DAY_MS).toISOString();

function partsOf({ documents, clock }: Pick<TestRuntime, 'documents' | 'clock'>) {
  const changedDays = new ChangedDays(new Table(documents, tableName('state'), clock));
  const results = new DayResults(
    new AgentRegistry(new Table(documents, tableName('state'), clock)),
    new DecisionWindow(new Table(documents, tableName('decisions'), clock)),
  );
  const store = new RollupStore(new Table(documents, tableName('memory')));
  return { changedDays, results, store, nightly: new NightlyRollup({ changedDays, results, store, clock }) };
}

type Item = Record<string, unknown>;

async function rowsOf({ unrecorded }: TestRuntime, agentId: string): Promise<Map<string, string>> {
  const read = groupings.map(async (grouping) => {
    const { Items } = await unrecorded.send(
      new QueryCommand({
        TableName: tableName('memory'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': `performance:${agentId}#${grouping}` },
      }),
    );
    return ((Items ?? []) as Item[]).map(
      (item) =>
        [
          `${grouping} ${String(item['SK'])}`,
          Buffer.from(item['tallies'] as Uint8Array).toString('hex'),
        ] as const,
    );
  });
  return new Map((await Promise.all(read)).flat());
}

async function removeRows({ unrecorded }: TestRuntime, agentId: string, keys: Iterable<string>) {
  const requests = [...keys].map((key) => {
    const [grouping, SK] = key.split(' ');
    return { DeleteRequest: { Key: { PK: `performance:${agentId}#${grouping}`, SK } } };
  });
  for (let start = 0; start < requests.length; start += 25)
    await unrecorded.send(
      new BatchWriteCommand({
        RequestItems: { [tableName('memory')]: requests.slice(start, start + 25) },
      }),
    );
}

const changed = (before: Map<string, string>, now: Map<string, string>): string[] =>
  [...now].filter(([key, row]) => before.get(key) !== row).map(([key]) => key);

describe('outcomes that come late, and those that are corrected', () => {
  it('change exactly their day, its month and its year, and are known at once', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'late';
    const total = async () => {
      const { totals } = await desk.ask('getPerformance', agentId, { windowDays: '400' });
      return [totals.n, totals.pending, totals.pnl?.total ?? null];
    };
    const ids = await desk.log(agentId, [
      resolved('2025-11-10T10:00:00Z', 1, { outcome: { provider: 'a' } }),
      resolved('2026-01-10T10:00:00Z', 2, { outcome: { provider: 'a' } }),
      resolved('2026-01-20T10:00:00Z', 4),
      { decisionType: 'TRADE_EXECUTION', timestamp: '2026-01-21T10:00:00Z', context: {} },
    ]);
    desk.setTime('2026-03-04T23:00:00.000Z');
    await desk.night(agentId);
    const before = await rowsOf(desk.runtime, agentId);
    expect(await total()).toEqual([3, 1, 7]);

    const answer = await desk.outcome(agentId, ids[1]!, {
      status: 'failure',
      provider: 'a',
      metrics: { pnl: -8 },
    });
    expect(answer.body.outcomeRevision).toBe(2);
    expect(await total()).toEqual([3, 1, -3]);
    expect(await rowsOf(desk.runtime, agentId)).toEqual(before);

    desk.setTime('2026-03-05T02:00:00.000Z');
    await desk.night(agentId);
    const corrected = await rowsOf(desk.runtime, agentId);
    expect(await total()).toEqual([3, 1, -3]);
    for (const key of changed(before, corrected))
      expect(key).toMatch(/ (D#2026-01-10#2026-03-04|M#2026-01|Y#2026)$/);
    expect(changed(before, corrected).length).toBeGreaterThan(10);

    await desk.outcome(agentId, ids[3]!, { status: 'success', metrics: { pnl: 16 } });
    expect(await total()).toEqual([4, 0, 13]);
    desk.setTime('2026-03-06T02:00:00.000Z');
    await desk.night(agentId);
    expect(await total()).toEqual([4, 0, 13]);
    const late = await rowsOf(desk.runtime, agentId);
    for (const key of changed(corrected, late))
      expect(key).toMatch(/ (D#2026-01-21#2026-03-04|M#2026-01|Y#2026)$/);
    await desk.night(agentId);
    expect(await rowsOf(desk.runtime, agentId)).toEqual(late);
  });
});

describe('results', () => {
  it('outlive their decisions, also when more of the same day is logged later', async () => {
    const start = '2026-03-04T12:00:00.000Z';
    const desk = createDesk(start);
    const agentId = 'veteran';
    const total = async () => {
      const { totals } = await desk.ask('getPerformance', agentId, {
        windowDays: '3650',
        groupBy: 'decisionType',
      });
      return [totals.n, totals.pnl?.total ?? null];
    };
    await desk.log(agentId, [resolved('2026-03-03T10:00:00Z', 1), resolved('2026-03-03T11:00:00Z', 2)]);
    desk.setTime(after(start, 1));
    await desk.night(agentId);
    desk.setTime(after(start, 80));
    await desk.log(agentId, [resolved('2026-03-03T12:00:00Z', 4)]);
    expect(await total()).toEqual([3, 7]);
    desk.setTime(after(start, 95));
    // the first two are gone, and their day is marked by the third
    expect(await total()).toEqual([3, 7]);
    await desk.night(agentId);
    expect(await total()).toEqual([3, 7]);
    await desk.log(agentId, [resolved('2026-03-03T13:00:00Z', 8)]);
    expect(await total()).toEqual([4, 15]);
    desk.setTime(after(start, 96));
    await desk.night(agentId);
    expect(await total()).toEqual([4, 15]);
    desk.setTime(after(start, 300));
    await desk.night(agentId);
    expect(await total()).toEqual([4, 15]);
  });

  it('of the last day before they expire stay as they were counted when all were there', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'leaving';
    await desk.log(agentId, [resolved('2026-03-03T10:00:00Z', 1)]);
    desk.setTime('2026-03-04T18:00:00.000Z');
    const [kept] = await desk.log(agentId, [resolved('2026-03-03T11:00:00Z', 2)]);
    desk.setTime('2026-03-05T02:00:00.000Z');
    await desk.night(agentId);
    // 90 days later the first is gone, and the second has hours to live
    desk.setTime('2026-06-02T15:00:00.000Z');
    await desk.outcome(agentId, kept!, { status: 'success', metrics: { pnl: 3 } });
    const total = async () => {
      const { totals } = await desk.ask('getPerformance', agentId, { windowDays: '365' });
      return [totals.n, totals.pnl.total];
    };
    expect(await total()).toEqual([2, 3]);
    desk.setTime('2026-06-02T17:00:00.000Z');
    await desk.night(agentId);
    expect(await total()).toEqual([2, 3]);
  });

  it('of today wait for the night after, and an agent with such is not skipped', async () => {
    const desk = createDesk('2026-03-04T00:30:00.000Z');
    const agentId = 'last-words';
    await desk.log(agentId, [resolved('2026-03-04T00:20:00Z', 1)]);
    const resultOf = async (time: string) => {
      desk.setTime(time);
      const run = await desk.pipeline.run({});
      return run.report.agents.find((agent: { agentId: string }) => agent.agentId === agentId);
    };
    expect(await resultOf('2026-03-04T02:10:00.000Z')).toMatchObject({
      result: 'CONSOLIDATED',
      report: { rolledUpDays: 0 },
    });
    expect(await resultOf('2026-03-05T02:10:00.000Z')).toMatchObject({
      result: 'CONSOLIDATED',
      report: { rolledUpDays: 1 },
    });
    expect(await resultOf('2026-03-06T02:10:00.000Z')).toMatchObject({ result: 'SKIPPED' });
  });

  it('of an agent that was deregistered are rolled up all the same, for as long as there may be any', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'gone';
    await desk.log(agentId, [resolved('2026-03-04T10:00:00Z', 5, { outcome: { provider: 'a' } })]);
    const { unrecorded, clock } = desk.runtime;
    const registry = new AgentRegistry(new Table(unrecorded, tableName('state'), clock));
    const ages = { idleAfterSeconds: 60, inactiveAfterSeconds: 600 };
    await new AgentProfiles(new Table(unrecorded, tableName('state'), clock), registry, ages).deregister(
      agentId,
    );
    const nightAt = async (time: string) => {
      desk.setTime(time);
      const run = await desk.pipeline.run({});
      return run.report.agents.find((agent: { agentId: string }) => agent.agentId === agentId);
    };
    expect(await nightAt('2026-03-05T02:10:00.000Z')).toMatchObject({
      result: 'CONSOLIDATED',
      report: { rolledUpDays: 1, types: [] },
    });
    expect(await nightAt('2026-03-09T02:10:00.000Z')).toBeUndefined();
    desk.setTime('2026-07-01T00:00:00.000Z');
    const { totals } = await desk.ask('getPerformance', agentId, { windowDays: '365' });
    expect([totals.n, totals.pnl.total]).toEqual([1, 5]);
    expect(await registry.registered([agentId])).toEqual(new Set());
  });

  it('are the same when the roll-up is killed after any of its writes and done again', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'victim';
    await desk.log(agentId, [
      resolved('2025-12-30T10:00:00Z', 1, { outcome: { provider: 'a', regime: 'bull' } }),
      resolved('2026-01-02T10:00:00Z', -2, { outcome: { provider: 'b', regime: 'bear' } }),
    ]);
    const { runtime } = desk;
    runtime.setTime('2026-03-04T23:00:00.000Z');
    const left = new ChangedDays(new Table(runtime.unrecorded, tableName('state'), runtime.clock));
    const writes = { count: 0 };
    const all = partsOf({
      documents: intercept(async (command, pass) => {
        if (/Write|Delete/.test(command.constructor.name)) writes.count++;
        return pass(command);
      })(runtime.unrecorded),
      clock: runtime.clock,
    });
    const marked = await left.list(agentId);
    await all.nightly.rollUp(agentId);
    const right = await rowsOf(runtime, agentId);
    expect(writes.count).toBeGreaterThan(5);
    for (let k = 1; k < writes.count; k++) {
      await removeRows(runtime, agentId, right.keys());
      for (const { day } of marked) await left.note(agentId, `${day}T00:00:00.000Z`);
      const later = { clock: () => new Date(runtime.clock().getTime() + 3_600_000) };
      const dying = partsOf({ documents: dyingAfter(k, { count: 0 })(runtime.unrecorded), ...later });
      await expect(dying.nightly.rollUp(agentId)).rejects.toThrow('killed');
      await partsOf({ documents: runtime.unrecorded, ...later }).nightly.rollUp(agentId);
      expect(await rowsOf(runtime, agentId)).toEqual(right);
      runtime.advance(3_600_000);
    }
  });
});

describe('imported history', () => {
  const rowsOfHistory = (agentId: string) =>
    [
      resolved('2019-02-01T10:00:00Z', 1),
      resolved('2019-02-01T11:00:00Z', 2),
      resolved('2019-02-02T10:00:00Z', 4),
      resolved('2021-05-09T10:00:00Z', 8),
    ].map((decision, i) => ({ agentId, decision: { ...decision, clientToken: `row-${i}` } }));
  const importOf = ({ documents, clock }: Pick<TestRuntime, 'documents' | 'clock'>) =>
    new DecisionImport(
      new Table(documents, tableName('decisions'), clock),
      new AgentRegistry(new Table(documents, tableName('state'), clock)),
      new ChangedDays(new Table(documents, tableName('state'), clock)),
    );

  it('counts at once, after the night, when it is corrected, and when its decisions are gone', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'historian';
    const total = async () => {
      const { totals } = await desk.ask('getPerformance', agentId, { windowDays: '36500' });
      return [totals.n, totals.pnl?.total ?? null];
    };
    const rows = rowsOfHistory(agentId);
    const { unrecorded: documents, clock } = desk.runtime;
    await importOf({ documents, clock }).add(rows);
    expect(await total()).toEqual([4, 15]);
    desk.setTime('2026-03-05T02:00:00.000Z');
    await desk.night(agentId);
    expect(await total()).toEqual([4, 15]);
    await importOf({ documents, clock }).add(rows);
    const day = { from: '2019-02-02', to: '2019-02-02' };
    const [decision] = (await partsOf({ documents, clock }).results.between(
      agentId,
      ['TRADE_EXECUTION'],
      day,
    ))!;
    await desk.outcome(agentId, decision!.decisionId, { status: 'failure', metrics: { pnl: -4 } });
    expect(await total()).toEqual([4, 7]);
    desk.setTime('2026-03-06T02:00:00.000Z');
    await desk.night(agentId);
    desk.setTime('2026-09-01T00:00:00.000Z');
    expect(await total()).toEqual([4, 7]);
  });

  it('is marked before it is written: nothing is missed when the import is killed after any of its writes', async () => {
    const { unrecorded, clock } = createUnrecordedRuntime({ now: '2026-03-04T12:00:00.000Z' });
    for (let k = 1; ; k++) {
      const agentId = `killed-${k}`;
      const dying = importOf({ documents: dyingAfter(k, { count: 0 })(unrecorded), clock });
      const left = await dying.add(rowsOfHistory(agentId)).catch((error: Error) => error.message);
      const { changedDays, results } = partsOf({ documents: unrecorded, clock });
      const marked = new Set((await changedDays.list(agentId)).map(({ day }) => day));
      const found = await results.between(agentId, ['TRADE_EXECUTION'], {
        from: '2019-01-01',
        to: '2021-12-31',
      });
      for (const { timestamp } of found!) expect(marked).toContain(timestamp.slice(0, 10));
      if (left !== 'killed') break;
      await importOf({ documents: unrecorded, clock }).add(rowsOfHistory(agentId));
      expect((await changedDays.list(agentId)).map(({ day }) => day)).toEqual([
        '2019-02-01',
        '2019-02-02',
        '2021-05-09',
      ]);
    }
  });
});

describe('a day', () => {
  it('stays marked when it is written to while it is rolled up', async () => {
    const runtime = createUnrecordedRuntime({ now: '2026-03-04T12:00:00.000Z' });
    const { changedDays } = partsOf(runtime);
    await changedDays.note('busy', '2026-03-01T10:00:00.000Z');
    const [mark] = await changedDays.list('busy');
    runtime.advance(DAY_MS);
    await changedDays.note('busy', '2026-03-01T11:00:00.000Z');
    await changedDays.clear('busy', mark!);
    expect(await changedDays.list('busy')).toEqual([{ day: '2026-03-01', at: '2026-03-05T12:00:00.000Z' }]);
  });

  it('written to in the last minutes waits: an instance may still rely on its mark', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    await desk.log('eager', [resolved('2026-03-01T10:00:00Z', 1)]);
    const { nightly } = partsOf({ documents: desk.runtime.unrecorded, clock: desk.runtime.clock });
    expect(await nightly.rollUp('eager')).toEqual({ days: 0, waiting: 1 });
    desk.runtime.advance(11 * 60_000);
    expect(await nightly.rollUp('eager')).toEqual({ days: 1, waiting: 0 });
  });

  it('with more than can be read while a caller waits is shown as the night before knew it, and said so', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    const agentId = 'flooded';
    const at = (day: string) => Array.from({ length: 4 }, (_, i) => resolved(`${day}T0${i}:00:00Z`, 1));
    await desk.log(agentId, [...at('2026-01-05'), ...at('2026-02-05'), ...at('2026-03-04')]);
    const { clock, unrecorded: documents } = desk.runtime;
    const { changedDays, results, store } = partsOf({ documents, clock });
    const reader = new ResultReader({ changedDays, results, store, clock, maxLive: 9 });
    const { tallies, uncounted } = await reader.between(agentId, ['all'], {
      from: '2026-01-01',
      to: '2026-03-04',
    });
    expect(tallies.get('all')!.at([]).resolved).toBe(8);
    expect(uncounted).toEqual(['2026-01-05']);
  });

  it('whose rows DynamoDB leaves unwritten is written in the end, or fails', async () => {
    const desk = createDesk('2026-03-04T12:00:00.000Z');
    await desk.log('slow', [resolved('2026-03-01T10:00:00Z', 1)]);
    desk.runtime.advance(DAY_MS / 2);
    let refusals = 2;
    const reluctant = intercept(async (command, pass) => {
      if (command instanceof BatchWriteCommand && refusals-- > 0)
        return { UnprocessedItems: command.input.RequestItems };
      return pass(command);
    });
    const { clock, unrecorded } = desk.runtime;
    const { nightly } = partsOf({ documents: reluctant(unrecorded), clock });
    expect(await nightly.rollUp('slow')).toEqual({ days: 1, waiting: 0 });
    expect((await rowsOf(desk.runtime, 'slow')).size).toBe(groupings.length + 2 * (groupings.length - 1));
    refusals = Infinity;
    await desk.log('slow', [resolved('2026-03-02T10:00:00Z', 1)]);
    desk.runtime.advance(DAY_MS / 2);
    await expect(nightly.rollUp('slow')).rejects.toThrow('Too many requests');
  });
});
