import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type LambdaClient } from '@aws-sdk/client-lambda';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { agentRoutes } from '../../lambdas/agents/contract.ts';
import { Archive } from '../../lambdas/archive/archive.ts';
import { createArchiveHandler } from '../../lambdas/archive/archive.lambda.ts';
import { archiveRoutes } from '../../lambdas/archive/contract.ts';
import { createConsolidationHandler } from '../../lambdas/consolidation/consolidation.lambda.ts';
import { consolidationRoutes } from '../../lambdas/consolidation/contract.ts';
import { toResultItem } from '../../lambdas/consolidation/table.ts';
import { patternRoutes } from '../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../lambdas/patterns/patterns.lambda.ts';
import { patternKey, versionKey } from '../../lambdas/patterns/table.ts';
import { MAX_ANSWER_BYTES } from '../../lambdas/shared/answer-room.ts';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';
import { AgentRegistry } from '../../lambdas/agents/agent-registry.ts';
import { Table } from '../../lambdas/shared/dynamodb/table.ts';
import { routesByFunction } from '../../scripts/openapi/routes.ts';
import { type Answer, call } from '../support/api.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../support/runtime.ts';
import { MemoryBucket } from '../support/s3.ts';
import { createTables, tableName } from '../support/tables.ts';
import { startAgents } from './agents/agents-handler.ts';
import { createAnalytics } from './analytics/support.ts';
import { recordAt } from './archive/records.ts';
import { createMemoriesFixture } from './memories/fixture.ts';
import { createDesk } from './results/support.ts';
import { createSessionsFixture } from './sessions/fixture.ts';
import { createSignalsFixture } from './signals/fixture.ts';

/**
 * How the answer of each route that shows several things stays below 4 MB. `page`: the page ends early, with a token.
 * `omits`: the largest are left out and named. Anything else: why its shape bounds it.
 */
const bounds: Readonly<Record<string, string>> = {
  listAgents: 'page',
  listWorking: 'page',
  listArchived: 'page',
  listInbox: 'page',
  listSentSignals: 'page',
  listSignalsOfType: 'page',
  listPatterns: 'page',
  listMemories: 'page',
  listRevisions: 'page',
  listSessions: 'page',
  listMessages: 'page',
  listSnapshots: 'page',
  getRun: 'page',
  listEmergingPatterns: 'page',
  listStateHistory: 'page',

  logDecisions: 'omits',
  recordOutcomes: 'omits',
  getSignal: 'omits',
  getPattern: 'omits',
  matchPatterns: 'omits',
  searchMemories: 'omits',
  searchMemoriesBatch: 'omits',
  preloadMemories: 'omits',
  getSession: 'omits',
  findSimilar: 'omits',
  getSuccessRate: 'omits',
  getMemoryEffect: 'omits',
  getReport: 'omits',

  listCheckpoints: 'pages of 100 labels of 256 characters',
  listDecisions: 'pages of 100 summaries: an action, 20 tags, no text of any length',
  listDecisionsOfType: 'pages of 100 summaries',
  listEvidence: 'pages of 100 ids with an action',
  listRuns: 'pages of 100 sums of numbers',
  getChain: '200 summaries',
  getMemoryStatistics: 'one row and ten ids',
  getPerformance: '100 groups of numbers',
  getProviderWeights: 'numbers of the providers in rollup rows of 400 KB',
  compareAgents: '20 agents, numbers only',
  assembleContext: 'budgets of tokens; runs of one character may need more bytes, and meet the last guard',
  startErasure: 'some lines on where data is held',
  getErasure: 'some lines on where data is held',
  logDecision: 'one item',
  getDecision: 'one item',
  recordOutcome: 'one item',
  recordOutcomeByTrace: 'one item',
  getExposure: 'one item, of ids and versions',
  statePattern: 'one item',
  withdrawPattern: 'one item',
  testPattern: 'three conditions and their tests',
};

const inner = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
    ? inner(schema.def.innerType as z.ZodType)
    : schema;

/** Paths of lists of objects in an answer. */
function listsIn(given: z.ZodType, path: readonly string[] = []): string[] {
  const schema = inner(given);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
      listsIn(field, [...path, name]),
    );
  if (schema instanceof z.ZodUnion)
    return (schema.options as readonly z.ZodType[]).flatMap((option) => listsIn(option, path));
  if (!(schema instanceof z.ZodArray)) return [];
  const element = inner(schema.element as z.ZodType);
  if (!(element instanceof z.ZodObject || element instanceof z.ZodUnion)) return [];
  return [path.join('.'), ...listsIn(element, [...path, '*'])];
}

const routes: readonly (readonly [string, RouteContract])[] = Object.values(routesByFunction).flatMap(
  (ofFunction) => Object.entries(ofFunction),
);

describe('the answers of all routes', () => {
  it('are bounded in a known way wherever they show several things', () => {
    const several = routes.filter(([, { response }]) => listsIn(response).length > 0);
    expect(several.map(([name]) => name).sort()).toEqual(Object.keys(bounds).sort());
  });

  it.each(routes)('%s ends early where it has pages, and says what it leaves out', (name, route) => {
    const shape = (route.response as z.ZodObject).shape as Record<string, unknown> | undefined;
    if (bounds[name] === 'page') expect(shape).toHaveProperty('nextToken');
    expect(route.omits !== undefined).toBe(bounds[name] === 'omits');
    const lists = listsIn(route.response);
    for (const path of Object.keys(route.omits ?? {})) {
      expect(lists).toContain(path);
      expect(lists).toContain([...path.split('.').slice(0, -1), 'omitted'].join('.'));
    }
  });
});

/** Of a byte that takes six as JSON, and one that takes one. */
const CONTROL = '\u0001';
const LARGE = 380_000;

interface Shown {
  readonly body: { readonly items: readonly Record<string, unknown>[]; readonly nextToken: string | null };
}

/** Every item of a list, in pages of at most 100. That no page passes 4 MB `call` asserts. */
async function everything(page: (query: Record<string, string>) => Promise<Answer>, maxResults = '100') {
  const items: Record<string, unknown>[] = [];
  let pages = 0;
  for (let nextToken: string | null | undefined; nextToken !== null; pages++) {
    const { body }: Shown = await page({ maxResults, ...(nextToken && { nextToken }) });
    if (body.nextToken !== null && pages > 100) throw new Error('the list does not end');
    items.push(...body.items);
    nextToken = body.nextToken;
  }
  return { items, pages };
}

const ids = (items: readonly Record<string, unknown>[], name: string) => items.map((item) => item[name]);

beforeAll(() => createTables());

const data = createUnrecordedRuntime();

describe('items at the limit', () => {
  it('memories: lists and revisions end early, searches leave out the largest and name them', async () => {
    const { save, list, search, batch, preload, revisions, update, share, register } =
      createMemoriesFixture();
    await register('owner', 'reader');
    const saved: string[] = [];
    for (let n = 0; n < 24; n++) {
      const text = `alpha note ${n}`;
      const content = n % 8 === 0 ? CONTROL.repeat(60_000 + n) : 'x'.repeat(LARGE - n * 1000);
      const { body } = await save('owner', { content: `${n} ${content}`, text });
      saved.push(body.memoryId);
    }
    const listed = await everything((query) => list('owner', query));
    expect(ids(listed.items, 'memoryId').sort()).toEqual([...saved].sort());
    expect(listed.pages).toBeGreaterThan(2);

    const found = (await search('owner', { query: 'alpha note', topK: 100 })).body;
    const omitted = found.omitted as { id: string; agentId: string; bytes: number }[];
    expect(omitted.length).toBeGreaterThan(10);
    expect([...ids(found.items, 'memoryId'), ...ids(omitted as never, 'id')].sort()).toEqual(
      [...saved].sort(),
    );
    const sizes = found.items.map((item: unknown) => Buffer.byteLength(JSON.stringify(item)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.min(...omitted.map(({ bytes }) => bytes)));
    expect(omitted[0]!.agentId).toBe('owner');
    const queries = Array.from({ length: 10 }, () => ({ query: 'alpha note', topK: 100 }));
    const { results } = (await batch('owner', queries)).body;
    for (const { items, omitted: left = [] } of results) expect(items.length + left.length).toBe(24);
    const preloaded = (await preload('owner', { situation: { note: 'alpha' }, topK: 100 })).body;
    expect(preloaded.items.length + preloaded.omitted.length).toBe(24);

    for (const memoryId of saved) await share('owner', memoryId, { with: ['reader'] });
    await save('reader', { content: 'its own' });
    const all = await everything((query) => list('reader', { scope: 'all', ...query }));
    expect(new Set(ids(all.items, 'memoryId'))).toEqual(new Set([...saved, all.items[0]!['memoryId']]));
    expect(all.items).toHaveLength(25);

    for (let version = 1; version <= 14; version++)
      await update('owner', saved[0]!, {
        expectedVersion: version,
        content: `${version} ${'y'.repeat(LARGE)}`,
      });
    const versions = await everything((query) => revisions('owner', saved[0]!, query));
    expect(ids(versions.items, 'version')).toEqual(Array.from({ length: 15 }, (_, i) => 15 - i));
    expect(versions.pages).toBeGreaterThan(1);
  });

  it('messages: a page ends early, and a session is resumed without the largest', async () => {
    const { open, say, messages, resume } = createSessionsFixture();
    const sessionId = await open('chatty');
    for (let n = 0; n < 8; n++) await say('chatty', sessionId, CONTROL.repeat(150_000 + n));
    await say('chatty', sessionId, 'x'.repeat(LARGE));
    const { items } = await everything((query) => messages('chatty', sessionId, query));
    expect(ids(items, 'seq')).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const { body } = await resume('chatty', sessionId);
    const shown = [...ids(body.messages, 'seq'), ...ids(body.omitted, 'id').map(Number)];
    expect(shown.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(ids(body.messages, 'seq')).toContain(9);
  });

  it('signals: inbox, sent ones and those of a type end early', async () => {
    const { register, publish, inbox, sent, ofType } = createSignalsFixture();
    await register('sender', 'target');
    for (let n = 0; n < 45; n++)
      await publish('sender', { targetAgents: ['target'], data: { n, text: CONTROL.repeat(30_000) } });
    for (const page of [
      (query: Record<string, string>) => inbox('target', query),
      (query: Record<string, string>) => inbox('target', { signalType: 'WHALE_ACTIVITY', ...query }),
      (query: Record<string, string>) => sent('sender', query),
      (query: Record<string, string>) => ofType('WHALE_ACTIVITY', query),
    ]) {
      const { items, pages } = await everything(page);
      expect(new Set(ids(items, 'signalId')).size).toBe(45);
      expect(items).toHaveLength(45);
      expect(pages).toBeGreaterThan(1);
    }
  });

  it('working memory and agents: pages end early', async () => {
    const { handler } = startAgents();
    for (let n = 0; n < 60; n++) {
      const params = { agentId: 'worker', key: `key-${n}` };
      await call(handler, agentRoutes.putWorking, { params, body: { value: 'x'.repeat(100_000) } });
    }
    const working = await everything((query) =>
      call(handler, agentRoutes.listWorking, { params: { agentId: 'worker' }, query }),
    );
    expect(new Set(ids(working.items, 'key')).size).toBe(60);
    expect(working.items).toHaveLength(60);

    const capabilities = Array.from({ length: 50 }, () => CONTROL.repeat(128));
    for (let n = 0; n < 110; n++)
      await call(handler, agentRoutes.putAgent, {
        params: { agentId: `capable-${n}` },
        body: { type: 'analyst', capabilities },
      });
    const agents = await everything((query) => call(handler, agentRoutes.listAgents, { query }));
    const capable = agents.items.filter(({ agentId }) => String(agentId).startsWith('capable-'));
    expect(new Set(ids(capable, 'agentId')).size).toBe(110);
    expect(capable).toHaveLength(110);
  });

  it('archived records: pages end early, within a day and across days', async () => {
    const store = new MemoryBucket().store();
    const open = () => Promise.resolve(store);
    const runtime = createTestRuntime('archive', { now: '2026-06-01T00:00:00.000Z' });
    const times = Array.from({ length: 24 }, (_, n) => `2026-03-0${1 + (n % 3)}T10:00:${10 + n}.000Z`);
    const large = times.map((time, n) => recordAt(time, n, { record: { n, text: 'x'.repeat(LARGE) } }));
    await new Archive(open, runtime.clock).write('decisions', large, 'expired');
    const handler = createArchiveHandler(runtime, { AUTH_MODE: 'iam' }, open);
    const { items, pages } = await everything((query) =>
      call(handler, archiveRoutes.listArchived, {
        params: { agentId: 'a' },
        query: { table: 'decisions', ...query },
      }),
    );
    expect(ids(items, 'timestamp')).toEqual([...times].sort().reverse());
    expect(pages).toBeGreaterThan(2);
  });

  it('the report of a run: pages end early', async () => {
    const runtime = createTestRuntime('consolidation');
    await new AgentRegistry(new Table(data.documents, tableName('state'), data.clock)).noteActivity('known');
    const handler = createConsolidationHandler(
      runtime,
      { AUTH_MODE: 'iam', STATE_TABLE: tableName('state'), PLANNER_FUNCTION_NAME: 'planner' },
      { send: async () => ({}) } as unknown as LambdaClient,
    );
    const { body } = await call(handler, consolidationRoutes.startAgentRun, {
      params: { agentId: 'known' },
      body: {},
    });
    for (let n = 0; n < 24; n++)
      await data.documents.send(
        new PutCommand({
          TableName: tableName('state'),
          Item: toResultItem(
            body.runId,
            {
              agentId: `agent-${n}`,
              result: 'FAILED',
              finishedAt: body.startedAt,
              error: (n % 2 ? CONTROL : 'x').repeat(LARGE),
            },
            2_000_000_000,
          ),
        }),
      );
    const { items } = await everything(async (query) => {
      const answer = await call(handler, consolidationRoutes.getRun, {
        params: { runId: body.runId },
        query,
      });
      return { ...answer, body: { items: answer.body.report.agents, nextToken: answer.body.nextToken } };
    });
    expect(new Set(ids(items, 'agentId')).size).toBe(24);
    expect(items).toHaveLength(24);
  });

  it('patterns: lists end early, one shows its versions without the largest', async () => {
    const runtime = createTestRuntime('patterns');
    const handler = createPatternsHandler(runtime, {
      AUTH_MODE: 'iam',
      DECISIONS_TABLE: tableName('decisions'),
      STATE_TABLE: tableName('state'),
      MEMORY_TABLE: tableName('memory'),
    });
    const agentId = 'thinker';
    const set = (key: object, name: string, value: unknown) =>
      data.documents.send(
        new UpdateCommand({
          TableName: tableName('memory'),
          Key: key as Record<string, string>,
          UpdateExpression: 'SET #name = :value',
          ExpressionAttributeNames: { '#name': name },
          ExpressionAttributeValues: { ':value': value },
        }),
      );
    for (let n = 0; n < 16; n++) {
      const patternId = `idea-${n}`;
      const conditions = [{ path: 'n', op: 'eq', value: n }];
      await call(handler, patternRoutes.statePattern, {
        params: { agentId, patternId },
        body: { decisionType: 'SIGNAL_GENERATION', asserts: 'success', conditions },
      });
      await set(patternKey(agentId, patternId), 'note', (n % 2 ? CONTROL : 'x').repeat(LARGE));
    }
    const listed = await everything((query) =>
      call(handler, patternRoutes.listPatterns, { params: { agentId }, query: { status: 'all', ...query } }),
    );
    expect(new Set(ids(listed.items, 'patternId')).size).toBe(16);
    expect(listed.items).toHaveLength(16);
    const { send } = createAnalytics({ now: runtime.clock().toISOString() });
    const emerging = await everything((query) =>
      send('listEmergingPatterns', { params: { agentId }, query }),
    );
    expect(new Set(ids(emerging.items, 'patternId')).size).toBe(16);
    expect(emerging.items).toHaveLength(16);

    await set(patternKey(agentId, 'idea-0'), 'note', 'short');
    for (let version = 2; version <= 12; version++) {
      const first = { reason: CONTROL.repeat(80_000 + version), status: 'hypothesis', version };
      const numbers = { n: 0, successes: 0, rate: 0, baseline: 0, confidence: 0, recentRate: 0, pValue: 1 };
      await data.documents.send(
        new PutCommand({
          TableName: tableName('memory'),
          Item: {
            ...versionKey(agentId, 'idea-0', version),
            ...first,
            ...numbers,
            qValue: null,
            asOf: runtime.clock().toISOString(),
          },
        }),
      );
    }
    const { body } = await call(handler, patternRoutes.getPattern, {
      params: { agentId, patternId: 'idea-0' },
    });
    expect(body.trend.length + body.omitted.length).toBe(12);
    expect(body.omitted.map(({ id }: { id: string }) => Number(id))).toContain(12);
  });

  it('similar decisions: the largest are left out; a batch names what it does not repeat', async () => {
    const { log, post } = createDesk();
    const metrics = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`${CONTROL.repeat(40)}${i}`, i]),
    );
    const logged: string[] = [];
    for (let n = 0; n < 14; n++)
      logged.push(
        ...(await log('trader', [
          {
            decisionType: 'TRADE_EXECUTION',
            context: { trend: 'up', n },
            timestamp: `2026-03-03T12:00:${10 + n}.000Z`,
            outcome: { status: 'success', metrics },
          },
        ])),
      );
    const body = await post('findSimilar', 'trader', { situation: { trend: 'up' }, topK: 50 } as never).then(
      (answer) => answer,
    );
    expect([...ids(body.items, 'decisionId'), ...ids(body.omitted ?? [], 'id')].sort()).toEqual(
      [...logged].sort(),
    );
    expect(body.omitted.length).toBeGreaterThan(3);
  });

  it('never pass 4 MB, which Lambda would refuse at 6', () => {
    expect((MAX_ANSWER_BYTES * 4) / 3).toBeLessThan(6 * 1024 * 1024 - 100_000);
  });
});
