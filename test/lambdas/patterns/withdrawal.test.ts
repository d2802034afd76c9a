import { beforeAll, describe, expect, it } from '@jest/globals';
import { namesOf } from '../../../lambdas/patterns/lifecycle/statements.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { call } from '../../support/api.ts';
import { alwaysThrows, faults, intercept } from '../../support/faults.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, memoryOf, plantedRule } from '../consolidation/pipeline.ts';

const { statePattern, withdrawPattern, getPattern, listPatterns, listEvidence, matchPatterns, putSharing } =
  patternRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const after = (days: number): string => new Date(Date.parse(NOW) + days * DAY_MS).toISOString();
const data = createUnrecordedRuntime({ now: NOW });
const store = new PatternStore(new Table(data.documents, tableName('memory')));

const handlerAt = (now: string, documents?: TestRuntimeOptions['documents']) =>
  createPatternsHandler(createTestRuntime('patterns', { now, documents }), {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
  });
const handler = handlerAt(NOW);

beforeAll(() => createTables());

const stated = {
  decisionType: 'SIGNAL_GENERATION',
  asserts: 'success',
  conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
};
const put = (agentId: string, patternId: string, body: object = {}, by = handler) =>
  call(by, statePattern, { params: { agentId, patternId }, body: { ...stated, ...body } });
const withdraw = (agentId: string, patternId: string, by = handler) =>
  call(by, withdrawPattern, { params: { agentId, patternId } });
const read = async (agentId: string, patternId: string) =>
  (await call(handler, getPattern, { params: { agentId, patternId } })).body;

describe('withdrawing a hypothesis', () => {
  it('ends it: it is listed as withdrawn, and read with its numbers, versions and evidence', async () => {
    const agentId = 'author';
    await logDecisions(data, agentId, plantedRule(NOW));
    const { body: open } = await put(agentId, 'trend', { note: 'by heart' });
    const { status, body } = await withdraw(agentId, 'trend', handlerAt(after(1)));
    expect(status).toBe(200);
    expect(body).toEqual({
      ...open,
      status: 'withdrawn',
      reason: 'withdrawn_by_author',
      version: 2,
      changedAsOf: after(1),
      statusSince: after(1),
      statusRunId: 'STATED',
    });
    expect(await read(agentId, 'trend')).toMatchObject({
      status: 'withdrawn',
      n: 30,
      successes: 27,
      note: 'by heart',
      trend: [
        { version: 2, status: 'withdrawn', reason: 'withdrawn_by_author', asOf: after(1) },
        { version: 1, status: 'hypothesis' },
      ],
    });
    const list = async (filter: string) =>
      (await call(handler, listPatterns, { params: { agentId }, query: { status: filter } })).body.items.map(
        ({ patternId }: Pattern) => patternId,
      );
    expect(await list('withdrawn')).toEqual(['trend']);
    expect(await list('all')).toContain('trend');
    for (const other of ['hypothesis', 'promoted', 'retired']) expect(await list(other)).toEqual([]);
    const evidence = await call(handler, listEvidence, {
      params: { agentId, patternId: 'trend' },
      query: { maxResults: '100' },
    });
    expect(evidence.body.items).toHaveLength(30);
    const shown = await call(handler, matchPatterns, {
      params: { agentId },
      body: { context: { market: { trend: 'up' } } },
    });
    expect(shown.body).toEqual({ items: [], exposureId: null });
    const shared = await call(handler, putSharing, {
      params: { agentId, patternId: 'trend' },
      body: { with: 'all' },
    });
    expect(shared.body.error.message).toContain('this one is withdrawn');
  });

  it('twice is once', async () => {
    await put('twice', 'trend');
    const { body: first } = await withdraw('twice', 'trend');
    const before = await memoryOf(data.documents, 'twice');
    expect(await withdraw('twice', 'trend', handlerAt(after(2)))).toMatchObject({ status: 200, body: first });
    expect(await memoryOf(data.documents, 'twice')).toEqual(before);
  });

  it('by two at once is once, and costs one version', async () => {
    await put('both', 'trend');
    const both = await Promise.all([withdraw('both', 'trend'), withdraw('both', 'trend')]);
    expect(both.map(({ body }) => body.version)).toEqual([2, 2]);
    expect((await read('both', 'trend')).trend).toHaveLength(2);
  });

  it('is refused for what was mined, and for what is settled, with the reason', async () => {
    const agentId = 'mined';
    await logDecisions(data, agentId, plantedRule(NOW));
    await createPipeline({ now: NOW }).run({ agentId });
    const mined = (await store.ofAgent(agentId)).find(({ status }) => status === 'promoted')!;
    const { status, body } = await withdraw(agentId, mined.patternId);
    expect([status, body.error.code]).toEqual([409, 'Conflict']);
    expect(body.error.message).toBe(
      `${mined.patternId} was learned from decisions and stated by nobody (promoted: significant): ` +
        'only an open hypothesis can be withdrawn',
    );

    const settler = 'settled';
    await put(settler, 'trend');
    await logDecisions(data, settler, plantedRule(NOW));
    await createPipeline({ now: NOW }).run({ agentId: settler });
    expect((await read(settler, 'trend')).status).toBe('promoted');
    const refused = await withdraw(settler, 'trend');
    expect(refused.status).toBe(409);
    expect(refused.body.error.message).toContain('The hypothesis trend is settled (promoted: significant)');
    expect((await read(settler, 'trend')).status).toBe('promoted');
  });

  it("finds nobody else's, and nothing that was never stated", async () => {
    await put('owner', 'trend');
    for (const [agentId, patternId] of [
      ['thief', 'trend'],
      ['owner', 'other'],
    ] as const)
      expect((await withdraw(agentId, patternId)).body.error.code).toBe('NotFound');
    expect((await read('owner', 'trend')).status).toBe('hypothesis');
  });

  it('leaves the statement to its id', async () => {
    await put('reserved', 'one');
    await withdraw('reserved', 'one');
    const { status, body } = await put('reserved', 'two');
    expect(status).toBe(409);
    expect(body.error.message).toBe('one states this already (withdrawn: withdrawn_by_author)');
  });

  it.each(faults)('answers %s when the table does', async (code, error) => {
    const { body } = await withdraw('any', 'trend', handlerAt(NOW, alwaysThrows(error)));
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('needs an identity, an id that can be one, and no query', async () => {
    const input = { params: { agentId: 'a', patternId: 'b' } };
    expect((await call(handler, withdrawPattern, { ...input, caller: null })).body.error.code).toBe(
      'Forbidden',
    );
    const hostile = { params: { agentId: 'a', patternId: 'a#b' } };
    expect((await call(handler, withdrawPattern, hostile)).body.error.issues).toMatchObject([
      { path: 'patternId' },
    ]);
    const query = await call(handler, withdrawPattern, { ...input, query: { owner: 'x' } });
    expect(query.body.error.issues).toMatchObject([{ path: 'owner' }]);
  });
});

describe('stating a withdrawn hypothesis again', () => {
  it('resumes it: its evidence counts from the first statement, its days from now', async () => {
    const { body: first } = await put('again', 'trend');
    await withdraw('again', 'trend', handlerAt(after(1)));
    const later = handlerAt(after(10));
    const { status, body } = await put('again', 'trend', { note: 'after all' }, later);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'hypothesis',
      reason: 'collecting',
      version: 3,
      note: 'after all',
      statusSince: after(10),
      registered: { ...first.registered, at: NOW, restatedAt: after(10), until: after(100) },
    });
    const repeated = await put('again', 'trend', { note: 'after all' }, later);
    expect(repeated.body).toEqual(body);
    expect((await read('again', 'trend')).trend.map(({ status }: Pattern) => status)).toEqual([
      'hypothesis',
      'withdrawn',
      'hypothesis',
    ]);
    // And may be withdrawn again.
    expect((await withdraw('again', 'trend')).body.version).toBe(4);
  });

  it('takes no other statement under its id', async () => {
    await put('fixed', 'trend');
    await withdraw('fixed', 'trend');
    const { status, body } = await put('fixed', 'trend', { asserts: 'failure' });
    expect([status, body.error.code]).toEqual([409, 'Conflict']);
    expect((await read('fixed', 'trend')).status).toBe('withdrawn');
  });

  it('keeps its days through the nights, and is given up when they are over', async () => {
    const agentId = 'patient';
    await put(agentId, 'comet', { conditions: [{ path: 'comet', op: 'present' }] });
    await withdraw(agentId, 'comet');
    const conditions = [{ path: 'comet', op: 'present' }];
    await put(agentId, 'comet', { conditions }, handlerAt(after(60)));
    const pipeline = createPipeline({ now: after(91) });
    await pipeline.run({ agentId });
    expect(await read(agentId, 'comet')).toMatchObject({
      status: 'hypothesis',
      registered: { at: NOW, restatedAt: after(60), until: after(150) },
    });
    pipeline.setTime(after(151));
    await pipeline.run({ agentId });
    expect(await read(agentId, 'comet')).toMatchObject({ status: 'retired', reason: 'undecided' });
  });
});

describe('the night', () => {
  it('leaves a withdrawn hypothesis exactly as it is, and may find the same under a name of its own', async () => {
    const agentId = 'rested';
    await put(agentId, 'trend');
    await withdraw(agentId, 'trend');
    const before = await store.get(agentId, 'trend');
    await logDecisions(data, agentId, plantedRule(NOW));
    const pipeline = createPipeline({ now: after(1) });
    const run = await pipeline.run({ agentId });
    expect(run.status).toBe('SUCCEEDED');
    expect(await store.get(agentId, 'trend')).toEqual(before);
    const promoted = (await store.ofAgent(agentId)).filter(
      ({ status, asserts }) => status === 'promoted' && asserts === 'success',
    );
    expect(promoted.map(({ patternId }) => patternId)).toEqual([expect.stringMatching(/^PATTERN-/)]);
    // What is known by now is not stated again.
    const { body } = await put(agentId, 'trend');
    expect(body.error.message).toContain(`${promoted[0]!.patternId} states this already (promoted`);
    const stored = await memoryOf(data.documents, agentId);
    await pipeline.run({ agentId });
    expect(await memoryOf(data.documents, agentId)).toEqual(stored);
  });

  it('gives its own finding back the name when the hypothesis is stated again', () => {
    const pattern = (patternId: string, status: Pattern['status']) =>
      ({ ...stated, agentId: 'a', patternId, status }) as unknown as Pattern;
    expect(namesOf([pattern('mine', 'withdrawn')])).toEqual({ storedAs: new Map(), twins: new Map() });
    expect(namesOf([pattern('mine', 'hypothesis')]).storedAs.size).toBe(1);
  });

  it('that had read it before does not undo the withdrawal: it fails, and is run again', async () => {
    const agentId = 'overtaken';
    await put(agentId, 'trend');
    await logDecisions(data, agentId, plantedRule(NOW));
    let withdrawn = false;
    const pipeline = createPipeline({
      now: after(1),
      workerDocuments: intercept(async (command, pass) => {
        const { TransactItems = [], Item } = (
          command as {
            input: { TransactItems?: { Put?: { Item: { SK: string } } }[]; Item?: { SK: string } };
          }
        ).input;
        const rows = [Item, ...TransactItems.map(({ Put }) => Put?.Item)];
        if (!withdrawn && rows.some((row) => row?.SK === 'trend')) {
          withdrawn = true;
          expect((await withdraw(agentId, 'trend')).status).toBe(200);
        }
        return pass(command);
      }),
    });
    await pipeline.run({ agentId });
    expect(withdrawn).toBe(true);
    expect(await store.get(agentId, 'trend')).toMatchObject({ status: 'withdrawn', version: 2 });
    // As the queue does with a task that failed.
    await pipeline.run({ agentId });
    expect(await store.get(agentId, 'trend')).toMatchObject({ status: 'withdrawn', version: 2 });
  });

  it('that renewed its numbers in between is not undone by the withdrawal', async () => {
    const agentId = 'renewed';
    await put(agentId, 'candle', { conditions: [{ path: 'candle', op: 'eq', value: 'green' }] });
    await logDecisions(data, agentId, plantedRule(NOW));
    let ran = false;
    const slow = handlerAt(
      after(2),
      intercept(async (command, pass) => {
        if (command.constructor.name === 'TransactWriteCommand' && !ran) {
          ran = true;
          await createPipeline({ now: after(1) }).run({ agentId });
        }
        return pass(command);
      }),
    );
    const { status, body } = await withdraw(agentId, 'candle', slow);
    expect(status).toBe(200);
    expect(ran).toBe(true);
    expect(body).toMatchObject({ status: 'withdrawn', asOf: after(1) });
    expect(await store.get(agentId, 'candle')).toMatchObject({ status: 'withdrawn', asOf: after(1) });
  });
});
