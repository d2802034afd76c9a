import { beforeAll, describe, expect, it } from '@jest/globals';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { createWorkerHandler } from '../../../lambdas/consolidation/worker.lambda.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { lambdaContext } from '../../support/api.ts';
import { dyingAfter } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { createTables, tableName } from '../../support/tables.ts';
import {
  createPipeline,
  type DecisionSketch,
  decisionsOf,
  logDecisions,
  memoryOf,
  partition,
  plantedRule,
  sqsEventOf,
  storeDecisions,
  workerEnvironment,
} from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const LATER = '2026-03-02T02:00:00.000Z';
const runtime = createUnrecordedRuntime({ now: NOW });
const { documents } = runtime;
const store = new PatternStore(new Table(documents, tableName('memory')));

beforeAll(() => createTables());

const promotedOf = async (agentId: string): Promise<Pattern[]> =>
  (await store.ofAgent(agentId)).filter(({ status }) => status === 'promoted');

const withOutcome = (decision: Decision, status: 'success' | 'failure'): Decision => ({
  ...decision,
  status,
  outcome: { ...decision.outcome!, status, metrics: { pnl: status === 'success' ? 1 : -1 } },
  outcomeRevision: decision.outcomeRevision + 1,
});

describe('a night', () => {
  it('turns decisions with a rule in them into the tested pattern, and reports how', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(runtime, 'hunter', plantedRule(NOW));
    const run = await pipeline.run({ agentId: 'hunter' });
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      progress: { expected: 1, consolidated: 1, skipped: 0, failed: 0 },
      report: { totals: { decisions: 60, resolved: 60, promoted: 1, demoted: 0 } },
    });
    const [pattern, ...others] = await promotedOf('hunter');
    expect(others).toEqual([]);
    expect(pattern).toMatchObject({
      asserts: 'success',
      conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
      n: 30,
      successes: 27,
      rate: 0.9,
      version: 1,
      reason: 'significant',
      asOf: NOW,
    });
    expect((await store.digests('hunter', pattern!.patternId)).length).toBe(30);
    const [type] = run.report.agents[0].report.types;
    expect(type.nearest.length).toBeGreaterThan(0);
    expect(Object.keys(type.rejected).length).toBeGreaterThan(0);
  });

  it('changes nothing when it is run again', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(runtime, 'again', plantedRule(NOW));
    await pipeline.run({ agentId: 'again' });
    const before = await memoryOf(documents, 'again');
    const run = await pipeline.run({ agentId: 'again' });
    expect(await memoryOf(documents, 'again')).toEqual(before);
    expect(run.report.totals).toMatchObject({ decisions: 60, promoted: 0, updated: 0, demoted: 0 });
  });

  it('does not count what became known later, what was voided, and what lies outside the window', async () => {
    const pipeline = createPipeline({ now: NOW });
    const at = (timestamp: string): DecisionSketch => ({ context: { a: 1 }, status: 'success', timestamp });
    await logDecisions(runtime, 'window', [
      at('2026-02-28T00:00:00.000Z'),
      { ...at('2026-02-28T01:00:00.000Z'), occurredAt: '2026-03-01T02:00:00.001Z' },
      { ...at('2026-02-28T02:00:00.000Z'), status: 'voided' },
      at('2025-12-01T02:00:00.000Z'), // asOf − 90 d is excluded
      at('2025-12-01T02:00:00.001Z'),
      { ...at(NOW), occurredAt: NOW },
      at('2026-03-01T02:00:00.001Z'),
    ]);
    const run = await pipeline.run({ agentId: 'window', asOf: NOW });
    expect(run.report.totals).toMatchObject({ decisions: 5, resolved: 3 });
  });

  it('reads a kilobyte of decisions for a quarter of a read unit', async () => {
    const pipeline = createPipeline({ now: NOW });
    const sketches = plantedRule(NOW, 200).map((sketch) => ({
      ...sketch,
      context: { ...sketch.context, note: 'x'.repeat(700) },
    }));
    await logDecisions(runtime, 'budget', sketches);
    const run = await pipeline.run({ agentId: 'budget' });
    // 200 items of about 1.2 KB: 240 KB, and a few units for the rows around them
    expect(run.report.totals.readUnits).toBeLessThan(200 * 1.3 * 0.25 + 10);
  });

  it('computes but does not store what it would have found before the last run', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(runtime, 'past', plantedRule(NOW));
    await pipeline.run({ agentId: 'past' });
    const before = await memoryOf(documents, 'past');
    const run = await pipeline.run({ agentId: 'past', asOf: '2026-02-28T12:00:00.000Z' });
    expect(run.report.agents[0].report).toMatchObject({ dryRun: true });
    expect(run.report.totals.decisions).toBeLessThan(60);
    expect(await memoryOf(documents, 'past')).toEqual(before);
  });

  it('learns from signals: those that triggered a decision, and those seen up to four hours before it', async () => {
    const pipeline = createPipeline({ now: NOW });
    // Five hours apart, so that no signal reaches a second decision; every upward one knew of a whale.
    const sketches = plantedRule(NOW).map((sketch, i) => ({
      ...sketch,
      context: {},
      timestamp: new Date(Date.parse(NOW) - (60 - i) * 5 * HOUR_MS).toISOString(),
      ...(i % 4 === 0 && { triggeredBySignals: ['WHALE_ACTIVITY-01JZZZZZZZZZZZZZZZZZZZZZZZ'] }),
    }));
    await logDecisions(runtime, 'listener', sketches);
    const seen = new SeenSignals(new Table(documents, tableName('state'), runtime.clock));
    for (const [i, { timestamp }] of sketches.entries())
      if (i % 4 === 2) {
        const seenAt = new Date(Date.parse(timestamp) - 4 * HOUR_MS);
        await seen.remember('listener', typedId('WHALE_ACTIVITY', seenAt, new Uint8Array(10)));
      }
    await pipeline.run({ agentId: 'listener' });
    const [pattern] = await promotedOf('listener');
    expect(pattern).toMatchObject({
      conditions: [{ path: 'signal.WHALE_ACTIVITY', op: 'present' }],
      n: 30,
      successes: 27,
    });
  });
});

const choose = (n: bigint, k: bigint): bigint => {
  let result = 1n;
  for (let i = 0n; i < k; i++) result = (result * (n - i)) / (i + 1n);
  return result;
};

/** One-sided Fisher exact test in whole numbers, by its definition. */
function fisher(a: number, b: number, c: number, d: number): number {
  const [row, other, column] = [BigInt(a + b), BigInt(c + d), BigInt(a + c)];
  let sum = 0n;
  for (let x = BigInt(a); x <= row && x <= column; x++)
    if (column - x <= other) sum += choose(row, x) * choose(other, column - x);
  const scale = 10n ** 30n;
  return Number((sum * scale) / choose(row + other, column)) / 1e30;
}

function wilson(successes: number, n: number, z = 1.96): number {
  const p = successes / n;
  return (
    (p + (z * z) / (2 * n) - z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n)
  );
}

describe('one corrected outcome', () => {
  it('moves exactly the numbers it should', async () => {
    const pipeline = createPipeline({ now: NOW });
    const decisions = await logDecisions(runtime, 'corrected', plantedRule(NOW));
    await pipeline.run({ agentId: 'corrected' });
    const [before] = await promotedOf('corrected');
    const oldest = decisions[0]!;
    await storeDecisions(documents, [withOutcome(oldest, 'failure')]);
    const run = await pipeline.run({ agentId: 'corrected' });
    const [after] = await promotedOf('corrected');

    expect(run.report.totals).toMatchObject({ decisions: 60, resolved: 60, promoted: 0, demoted: 0 });
    const { qValue, description: _d, explain, ...rest } = after!;
    const rate = 26 / 30;
    const baseline = 32 / 60;
    const sd = Math.sqrt(rate * (1 - rate));
    const { qValue: _q, description: _d2, explain: _e, ...was } = before!;
    expect(was).toMatchObject({ n: 30, successes: 27, rate: 0.9, baseline: 33 / 60 });
    expect(was.pValue).toBeCloseTo(fisher(27, 3, 6, 24), 12);
    expect(rest).toEqual({
      ...was,
      successes: 26,
      rate,
      baseline,
      reason: expect.any(String),
      lift: expect.closeTo(rate / baseline, 12),
      confidence: expect.closeTo(wilson(26, 30), 12),
      pValue: expect.closeTo(fisher(26, 4, 6, 24), 12),
      heuristicConfidence: expect.closeTo(0.3 + 0.5 * rate + 0.2 / (1 + sd), 12),
      metrics: { pnl: { mean: expect.closeTo(22 / 30, 12), sd: expect.closeTo(2 * sd, 12) } },
    });
    expect(explain.comparisons[0]!.table).toEqual([
      [26, 4],
      [6, 24],
    ]);
    expect(qValue!).toBeGreaterThanOrEqual(rest.pValue);
    expect(after!.version).toBe(1); // 0.9 → 0.867: less than 0.05
    const digest = (await store.digests('corrected', after!.patternId)).at(-1)!;
    expect(digest).toMatchObject({ decisionId: oldest.decisionId, status: 'failure' });

    await storeDecisions(documents, [oldest]);
    await pipeline.run({ agentId: 'corrected' });
    expect((await promotedOf('corrected'))[0]).toMatchObject({
      successes: 27,
      rate: 0.9,
      pValue: was.pValue,
    });
  });
});

type Item = Record<string, unknown>;

async function replaceItems(table: string, current: readonly Item[], wanted: readonly Item[]): Promise<void> {
  const keyOf = ({ PK, SK }: Item) => ({ PK, SK });
  for (const requests of [
    current.map((item) => ({ DeleteRequest: { Key: keyOf(item) } })),
    wanted.map((item) => ({ PutRequest: { Item: item } })),
  ])
    for (let start = 0; start < requests.length; start += 25)
      await documents.send(
        new BatchWriteCommand({ RequestItems: { [table]: requests.slice(start, start + 25) } }),
      );
}

describe('a worker that is killed after any of its writes', () => {
  it('leaves what the next try ends in the same items', async () => {
    const agentId = 'victim';
    const bucket = new MemoryBucket();
    const pipeline = createPipeline({ now: NOW, bucket });
    const rule = plantedRule(NOW);
    const risk = rule.map((sketch) => ({ ...sketch, decisionType: 'RISK_ASSESSMENT' }));
    const decisions = await logDecisions(runtime, agentId, [...rule, ...risk]);
    await pipeline.run({ agentId });
    const nightOne = await memoryOf(documents, agentId);
    // On the second night one rule is gone, the other has one decision more, and some candidates no longer are.
    await storeDecisions(
      documents,
      decisions.slice(0, 60).map((decision, i) => withOutcome(decision, i % 3 === 0 ? 'success' : 'failure')),
    );
    const [extra] = decisionsOf(agentId, [{ ...risk[0]!, timestamp: '2026-03-01T03:00:00.000Z' }], LATER);
    await storeDecisions(documents, [extra!]);
    pipeline.setTime(LATER);

    const ledger = new RunLedger(new Table(documents, tableName('state'), pipeline.runtimes.worker.clock));
    const runId = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ';
    const lastRun = (await ledger.lastRuns([agentId])).get(agentId)!;
    const message = {
      body: JSON.stringify({ runId, agentId, asOf: LATER }),
      group: agentId,
      deduplicationId: 'x',
    };
    const state = async () => {
      const run = await partition(documents, tableName('state'), `run:${runId}`);
      const agent = await partition(documents, tableName('state'), `agent:${agentId}`);
      return { run, last: agent.filter(({ SK }) => SK === 'LASTRUN') };
    };
    const nightTwo = async (k: number) => {
      await replaceItems(tableName('memory'), await memoryOf(documents, agentId), nightOne);
      await replaceItems(
        tableName('state'),
        [...(await state()).run],
        [{ PK: `agent:${agentId}`, SK: 'LASTRUN', ...lastRun }],
      );
      await ledger.create({ runId, trigger: 'operator', asOf: LATER, agentId });
      const writes = { count: 0 };
      const dying = createTestRuntime('worker', { now: LATER, documents: dyingAfter(k, writes) });
      const worker = createWorkerHandler(dying, workerEnvironment(), async () => bucket.store('worker'));
      const first = await worker(sqsEventOf([message]), lambdaContext);
      if (k !== Infinity) expect(first.batchItemFailures).toHaveLength(1);
      const second = await pipeline.worker(sqsEventOf([message], 2), lambdaContext);
      expect(second.batchItemFailures).toEqual([]);
      const { run, last } = await state();
      const attemptOnly = (_key: string, value: unknown) =>
        ['readUnits', 'writeUnits', 'updated', 'dropped', 'pages'].includes(_key) ? undefined : value;
      return {
        writes: writes.count,
        memory: await memoryOf(documents, agentId),
        state: JSON.parse(JSON.stringify({ run, last }, attemptOnly)) as unknown,
      };
    };
    const undisturbed = await nightTwo(Infinity);
    expect(undisturbed.writes).toBeGreaterThan(4);
    expect(undisturbed.memory).not.toEqual(nightOne);
    const statuses = (items: Item[]) => items.flatMap(({ status, asserts }) => (asserts ? [status] : []));
    expect(statuses(undisturbed.memory)).toContain('suspect');
    for (let k = 1; k <= undisturbed.writes; k++) {
      const disturbed = await nightTwo(k);
      expect({ k, memory: disturbed.memory, state: disturbed.state }).toEqual({
        k,
        memory: undisturbed.memory,
        state: undisturbed.state,
      });
    }
  });
});

describe('a worker', () => {
  it('consolidates an agent once, however often its message comes', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(runtime, 'twice', plantedRule(NOW));
    const run = await pipeline.run({ agentId: 'twice' });
    const message = {
      body: JSON.stringify({ runId: run.runId, agentId: 'twice', asOf: NOW }),
      group: 'twice',
      deduplicationId: 'x',
    };
    await pipeline.worker(sqsEventOf([message, message]), lambdaContext);
    const ledger = new RunLedger(new Table(documents, tableName('state'), runtime.clock));
    expect(await ledger.get(run.runId)).toMatchObject({ consolidated: 1, totals: { decisions: 60 } });
  });

  it('fails a message with what is behind it in its group, and no other agent', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(runtime, 'fine', plantedRule(NOW, 10));
    const ledger = new RunLedger(new Table(documents, tableName('state'), runtime.clock));
    const runId = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZY';
    await ledger.create({ runId, trigger: 'operator', asOf: NOW });
    const broken = { body: '{', group: 'broken', deduplicationId: 'a' };
    const fine = {
      body: JSON.stringify({ runId, agentId: 'fine', asOf: NOW }),
      group: 'fine',
      deduplicationId: 'b',
    };
    const answer = await pipeline.worker(sqsEventOf([broken, fine]), lambdaContext);
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }]);
    expect(await ledger.result(runId, 'fine')).toMatchObject({ result: 'CONSOLIDATED' });
  });

  it('records FAILED on its last try, fails the run loudly, and lets a later success replace it', async () => {
    const agentId = 'unlucky';
    let broken = true;
    const pipeline = createPipeline({
      now: NOW,
      workerDocuments: (real) => {
        const send = real.send.bind(real) as (command: object) => Promise<unknown>;
        return Object.assign(Object.create(real) as typeof real, {
          send: (command: { input: { TableName?: string } }) =>
            broken && command.input.TableName === tableName('decisions')
              ? Promise.reject(new Error('the table is on fire'))
              : send(command),
        });
      },
    });
    await logDecisions(runtime, agentId, plantedRule(NOW));
    const { runId } = await pipeline.run({ agentId });
    const message = {
      body: JSON.stringify({ runId, agentId, asOf: NOW }),
      group: agentId,
      deduplicationId: 'x',
    };
    const ledger = new RunLedger(new Table(documents, tableName('state'), runtime.clock));
    expect(await ledger.result(runId, agentId)).toBeUndefined();
    const last = await pipeline.worker(sqsEventOf([message], 3), lambdaContext);
    expect(last.batchItemFailures).toHaveLength(1);
    expect(await ledger.result(runId, agentId)).toMatchObject({ result: 'FAILED', error: /on fire/ });
    expect(await ledger.get(runId)).toMatchObject({ failed: 1, consolidated: 0, expected: 1 });
    broken = false;
    await pipeline.worker(sqsEventOf([message], 1), lambdaContext);
    expect(await ledger.get(runId)).toMatchObject({ failed: 0, consolidated: 1, totals: { promoted: 1 } });
  });
});
