import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { AgentProfiles } from '../../../lambdas/agents/agent-profiles.ts';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { call, lambdaContext } from '../../support/api.ts';
import { dyingAfter } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { logOf } from './agent-logs.ts';
import { createPipeline, type DecisionSketch, logDecisions, memoryOf, sqsEventOf } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const LATER = '2026-03-02T02:00:00.000Z';
const runtime = createUnrecordedRuntime({ now: NOW });
const { documents, clock } = runtime;
const store = new PatternStore(new Table(documents, tableName('memory')));
const ledger = new RunLedger(new Table(documents, tableName('state'), clock));
const handler = createPatternsHandler(createTestRuntime('patterns', { now: NOW }), {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
});

beforeAll(() => createTables());

async function registerAs(agentType: string, agentIds: readonly string[]): Promise<void> {
  const registry = new AgentRegistry(new Table(documents, tableName('state'), clock));
  const ages = { idleAfterSeconds: 60, inactiveAfterSeconds: 600 };
  const profiles = new AgentProfiles(new Table(documents, tableName('state'), clock), registry, ages);
  for (const agentId of agentIds) await profiles.put(agentId, { type: agentType, capabilities: [] });
}

const promotedOf = async (owner: string): Promise<Pattern[]> =>
  (await store.ofAgent(owner)).filter(({ status }) => status === 'promoted');

const rulesOf = (patterns: readonly Pattern[]): string[] =>
  patterns.map(
    ({ asserts, conditions }) =>
      `${asserts}: ${conditions.map((c) => `${c.path}=${'value' in c ? String(c.value) : c.op}`).join(' & ')}`,
  );

describe('two honest agents, each with too few decisions', () => {
  const agents = ['scout-a', 'scout-b'];
  const pool = 'type:scout';
  const SEEDS = [13, 14];

  beforeAll(async () => {
    await registerAs('scout', agents);
    for (const [i, agentId] of agents.entries())
      await logDecisions(
        runtime,
        agentId,
        logOf({ count: 90, until: NOW, seed: SEEDS[i]!, strong: 0.85, other: 0.4 }),
      );
  });

  it('learn together what neither could learn alone, with all that proves it', async () => {
    const run = await createPipeline({ now: NOW }).run({});
    expect(run).toMatchObject({ status: 'SUCCEEDED', progress: { expected: 3, consolidated: 3, failed: 0 } });
    const result = run.report.agents.find(({ agentId }: { agentId: string }) => agentId === pool);
    expect(result).toMatchObject({
      result: 'CONSOLIDATED',
      report: { totals: { promoted: 1, decisions: 0 } },
    });
    expect(run.report.totals.decisions).toBe(180);
    for (const agentId of agents) expect(await promotedOf(agentId)).toEqual([]);
    const [pattern, ...others] = await promotedOf(pool);
    expect(others).toEqual([]);
    expect(rulesOf([pattern!])).toEqual(['success: signal=strong']);
    expect(pattern!.contributors!.map(({ agentId }) => agentId).sort()).toEqual(agents);
    expect(pattern!.contributors!.reduce((sum, { n }) => sum + n, 0)).toBe(pattern!.n);
    expect(pattern!.description).toMatch(/By 2 agents\.$/);
    const digests = await store.digests(pool, pattern!.patternId);
    expect(new Set(digests.map(({ agentId }) => agentId))).toEqual(new Set(agents));
    expect((await store.versions(pool, pattern!.patternId, 10))[0]!.contributors).toEqual(
      pattern!.contributors,
    );
  });

  it('are offered it, and nobody else is; it is confirmed by those whose own outcomes agree', async () => {
    await logDecisions(
      runtime,
      'stranger',
      logOf({ until: NOW, count: 30, seed: 3, strong: 0.5, other: 0.5 }),
    );
    await registerAs('scout', ['scout-new']);
    await createPipeline({ now: LATER }).run({});
    const [pattern] = await promotedOf(pool);
    const offersTo = async (agentId: string) =>
      (await call(handler, patternRoutes.listPatterns, { params: { agentId }, query: { scope: 'shared' } }))
        .body.items;
    expect(await offersTo('scout-a')).toMatchObject([
      { owner: pool, offeredBy: 'type', standing: 'confirmed' },
    ]);
    expect(await offersTo('scout-new')).toMatchObject([{ owner: pool, standing: 'unconfirmed', own: null }]);
    expect(await offersTo('stranger')).toEqual([]);
    const read = (agentId: string) =>
      call(handler, patternRoutes.getPattern, {
        params: { agentId, patternId: pattern!.patternId },
        query: { owner: pool },
      });
    const { body } = await read('scout-new');
    expect(body.contributors).toHaveLength(2);
    expect(new Set(body.provenance.map(({ agentId }: { agentId: string }) => agentId))).toEqual(
      new Set(agents),
    );
    expect((await read('stranger')).body.error.code).toBe('NotFound');
  });

  it('change nothing when the night is run again, nor when a message comes twice', async () => {
    const before = await memoryOf(documents, pool);
    await createPipeline({ now: LATER }).run({});
    expect(await memoryOf(documents, pool)).toEqual(before);

    const pipeline = createPipeline({ now: LATER });
    const message = await plan(pipeline);
    await pipeline.worker(sqsEventOf([message]), lambdaContext);
    await pipeline.work();
    const { runId } = JSON.parse(message.body) as { runId: string };
    expect(await ledger.get(runId)).toMatchObject({ expected: 5, consolidated: 3, skipped: 2, failed: 0 });
    expect(await memoryOf(documents, pool)).toEqual(before);
  });

  it('killed after any write, end with the same', async () => {
    await forget();
    await createPipeline({ now: LATER }).run({});
    const whole = (await memoryOf(documents, pool)).length;
    for (const k of [1, 2, 3]) {
      await forget();
      const dying = createPipeline({ now: LATER, workerDocuments: dyingAfter(k, { count: 0 }) });
      const message = await plan(dying);
      const { batchItemFailures } = await dying.worker(sqsEventOf([message]), lambdaContext);
      expect(batchItemFailures).toHaveLength(1);
      await createPipeline({ now: LATER }).worker(sqsEventOf([message]), lambdaContext);
      expect(rulesOf(await promotedOf(pool))).toEqual(['success: signal=strong']);
      expect(await memoryOf(documents, pool)).toHaveLength(whole);
    }
  });

  it('lose it when one of them is gone: nobody else bears it out any more', async () => {
    await registerAs('elsewhere', ['scout-b', 'scout-new']);
    const pipeline = createPipeline({ now: '2026-03-03T02:00:00.000Z' });
    await pipeline.run({});
    expect(await store.ofAgent(pool)).toContainEqual(
      expect.objectContaining({ status: 'dormant', reason: 'evidence_aged_out' }),
    );
    pipeline.setTime('2026-03-04T02:00:00.000Z');
    await pipeline.run({});
    expect(await promotedOf(pool)).toEqual([]);
    await registerAs('scout', ['scout-b']);
  });

  /** Plans a run. @returns the pool's message */
  async function plan(pipeline: ReturnType<typeof createPipeline>) {
    await call(pipeline.api, consolidationRoutes.startRun, { body: {} });
    for (const invocation of pipeline.invocations.splice(0))
      await pipeline.planner(invocation, lambdaContext);
    return pipeline.queue.messages.find(({ group }) => group === pool)!;
  }

  async function forget(): Promise<void> {
    for (const { PK, SK } of await memoryOf(documents, pool))
      await documents.send(new DeleteCommand({ TableName: tableName('memory'), Key: { PK, SK } }));
  }
});

describe('a pool whose decisions have all left the window', () => {
  it('still knows what it knew, whose decisions they were and which', async () => {
    const pool = 'type:keeper';
    const agents = ['keeper-a', 'keeper-b'];
    await registerAs('keeper', agents);
    for (const [i, agentId] of agents.entries())
      await logDecisions(
        runtime,
        agentId,
        logOf({ until: NOW, count: 90, seed: 13 + i, strong: 0.85, other: 0.4 }),
      );
    await createPipeline({ now: NOW }).run({});
    const [promoted] = await promotedOf(pool);
    const digests = await store.digests(pool, promoted!.patternId);
    await createPipeline({ now: '2026-06-20T02:00:00.000Z' }).run({});
    const dormant = await store.get(pool, promoted!.patternId);
    expect(dormant).toMatchObject({ status: 'dormant', reason: 'evidence_aged_out' });
    expect(dormant!.contributors).toEqual(promoted!.contributors);
    expect(await store.digests(pool, promoted!.patternId)).toEqual(digests);
  });
});

describe('one agent of five that makes up a thousand successes', () => {
  const honest = ['honest-1', 'honest-2', 'honest-3', 'honest-4'];
  const liar = 'liar';
  const pool = 'type:trader';
  const fabricated = (context: Record<string, unknown>): DecisionSketch[] =>
    logOf({ until: NOW, count: 1000, seed: 5, strong: 1, other: 1 }).map((sketch) => ({
      ...sketch,
      context: { ...sketch.context, ...context },
    }));
  const seriesOf = (decisionType: string, sketches: DecisionSketch[]) =>
    sketches.map((sketch) => ({ ...sketch, decisionType }));

  beforeAll(async () => {
    await registerAs('trader', [...honest, liar]);
    for (const [i, agentId] of honest.entries()) {
      const log = (seed: number) => logOf({ until: NOW, count: 150, seed, strong: 0.5, other: 0.5 });
      await logDecisions(runtime, agentId, [
        ...seriesOf('MADE_UP', log(31 + i)),
        ...seriesOf('REAL', log(41 + i)),
        ...seriesOf('HONEST', logOf({ until: NOW, count: 150, seed: 51 + i, strong: 0.8, other: 0.4 })),
      ]);
    }
    await logDecisions(runtime, liar, [
      // a condition nobody else ever meets, one that all others meet as well, and one beside a rule that is true
      ...seriesOf('MADE_UP', fabricated({ moon: 'full' })),
      ...seriesOf('REAL', [
        ...fabricated({ venue: 'north' }),
        ...logOf({ until: NOW, count: 300, seed: 6, strong: 0.3, other: 0.3 }).filter(
          ({ context }) => context['venue'] !== 'north',
        ),
      ]),
      ...seriesOf('HONEST', fabricated({ moon: 'full' })),
    ]);
  });

  it('makes no shared pattern of it, and cannot keep the others from what they know', async () => {
    const run = await createPipeline({ now: NOW }).run({});
    expect(run.status).toBe('SUCCEEDED');
    // it does convince itself
    expect(rulesOf(await promotedOf(liar))).toContain('success: venue=north');
    const shared = await promotedOf(pool);
    expect(rulesOf(shared.filter(({ decisionType }) => decisionType !== 'HONEST'))).toEqual([]);
    const known = shared.filter(({ decisionType }) => decisionType === 'HONEST');
    expect(rulesOf(known)).toEqual(['success: signal=strong']);
    const { rejected } = run.report.agents
      .find(({ agentId }: { agentId: string }) => agentId === pool)
      .report.types.find(({ decisionType }: { decisionType: string }) => decisionType === 'REAL');
    expect(rejected.carried_by_one_agent + (rejected.not_significant_by_agent ?? 0)).toBeGreaterThan(0);
  });

  it('can share its own pattern with all, but nobody whose outcomes differ ever confirms it', async () => {
    const pattern = (await promotedOf(liar)).find((one) => rulesOf([one])[0] === 'success: venue=north')!;
    await call(handler, patternRoutes.putSharing, {
      params: { agentId: liar, patternId: pattern.patternId },
      body: { with: 'all' },
    });
    await createPipeline({ now: new Date(Date.parse(NOW) + DAY_MS).toISOString() }).run({});
    for (const agentId of honest) {
      const { body } = await call(handler, patternRoutes.listPatterns, {
        params: { agentId },
        query: { scope: 'shared' },
      });
      const offer = body.items.find(({ owner }: { owner: string }) => owner === liar);
      expect(offer.standing).not.toBe('confirmed');
      expect(offer.own.n).toBeGreaterThan(20);
    }
  });
});

describe('types of 128 characters that begin alike', () => {
  it('are pools of their own, and stop no run', async () => {
    const types = ['a', 'b'].map((end) => 't'.repeat(127) + end);
    for (const agentType of types) {
      const agents = [`one-${agentType.at(-1)}`, `two-${agentType.at(-1)}`];
      await registerAs(agentType, agents);
      for (const agentId of agents)
        await logDecisions(
          runtime,
          agentId,
          logOf({ until: NOW, count: 20, seed: 3, strong: 0.8, other: 0.4 }),
        );
    }
    const pipeline = createPipeline({ now: NOW });
    await pipeline.planner({ scheduledTime: NOW }, lambdaContext);
    const groupOf = new Map(
      pipeline.queue.messages.map(({ body, group }) => [
        (JSON.parse(body) as { agentId: string }).agentId,
        group,
      ]),
    );
    const groups = types.map((agentType) => groupOf.get(`type:${agentType}`));
    expect(new Set(groups).size).toBe(2);
    expect(groups).not.toContain(undefined);
    const answers = await pipeline.work();
    expect(answers.flatMap(({ batchItemFailures }) => batchItemFailures)).toEqual([]);
  });
});
