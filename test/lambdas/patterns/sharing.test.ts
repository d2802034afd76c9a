import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PATTERN_MEMORY } from '../../../lambdas/patterns/offered-patterns.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { OfferVerdictStore } from '../../../lambdas/patterns/offer-verdict-store.ts';
import { Sharing } from '../../../lambdas/sharing/sharing.ts';
import { call } from '../../support/api.ts';
import { dyingAfter } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, type DecisionSketch, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const { listPatterns, getPattern, matchPatterns, getSharing, putSharing } = patternRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const NEXT = '2026-03-02T02:00:00.000Z';
const data = createUnrecordedRuntime({ now: NOW });
const store = new PatternStore(new Table(data.documents, tableName('memory')));
const verdicts = new OfferVerdictStore(new Table(data.documents, tableName('memory')));
const owner = 'hunter';
const up = { context: { market: { trend: 'up' } } };

const runtime = createTestRuntime('patterns', { now: NOW });
const handler = createPatternsHandler(runtime, {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
});

let pattern: Pattern;
let params: { agentId: string; patternId: string };

/** The planted rule the other way round. */
const reversed = (sketches: readonly DecisionSketch[]): DecisionSketch[] =>
  sketches.map((sketch) => ({ ...sketch, status: sketch.status === 'success' ? 'failure' : 'success' }));

beforeAll(async () => {
  await createTables();
  await logDecisions(data, owner, plantedRule(NOW));
  await createPipeline({ now: NOW }).run({ agentId: owner });
  pattern = (await store.ofAgent(owner)).find(({ status }) => status === 'promoted')!;
  params = { agentId: owner, patternId: pattern.patternId };
  const registry = new AgentRegistry(new Table(data.documents, tableName('state'), data.clock));
  for (const agentId of ['friend', 'newcomer', 'outsider']) await registry.noteActivity(agentId);
  await logDecisions(data, 'friend', plantedRule(NOW, 40));
  await logDecisions(data, 'contrarian', reversed(plantedRule(NOW)));
});

const share = (body: unknown) => call(handler, putSharing, { params, body });
const offersTo = async (agentId: string, query: Record<string, string> = {}) =>
  (await call(handler, listPatterns, { params: { agentId }, query: { scope: 'shared', ...query } })).body;
const read = (agentId: string) =>
  call(handler, getPattern, { params: { agentId, patternId: pattern.patternId }, query: { owner } });

describe('sharing a pattern', () => {
  it('is with nobody at first, then with exactly whom its owner names, the same again changing nothing', async () => {
    const before = await call(handler, getSharing, { params });
    expect(before.body).toMatchObject({ with: [], version: 0, updatedAt: null });
    expect((await offersTo('friend')).items).toEqual([]);

    const first = await share({ with: ['newcomer', 'friend', 'friend'], expectedVersion: 0 });
    expect(first.body).toMatchObject({ agentId: owner, with: ['friend', 'newcomer'], version: 1 });
    expect((await share({ with: ['friend', 'newcomer'], expectedVersion: 0 })).body).toEqual(first.body);
    expect((await call(handler, getSharing, { params })).body).toEqual(first.body);
    for (const agentId of ['friend', 'newcomer'])
      expect((await offersTo(agentId)).items).toMatchObject([
        { owner, agentId: owner, offeredBy: 'name', standing: 'unconfirmed', own: null, n: 30 },
      ]);
    expect((await offersTo('outsider')).items).toEqual([]);

    expect((await share({ with: ['newcomer'] })).body.version).toBe(2);
    expect((await offersTo('friend')).items).toEqual([]);
    expect((await offersTo('newcomer')).items).toHaveLength(1);
    expect((await share({ with: [] })).body).toMatchObject({ with: [], version: 3 });
    expect((await offersTo('newcomer')).items).toEqual([]);
  });

  it('with all is with whoever asks, but not an offer to its owner', async () => {
    await share({ with: 'all' });
    expect((await offersTo('outsider')).items).toMatchObject([{ owner, offeredBy: 'all' }]);
    expect((await offersTo('never-heard-of')).items).toHaveLength(1);
    expect((await offersTo(owner)).items).toEqual([]);
    await share({ with: [] });
    expect((await offersTo('outsider')).items).toEqual([]);
  });

  it('refuses agents nobody knows, the owner itself, what is not promoted, and a version that has passed', async () => {
    expect((await share({ with: ['friend', 'nobody', owner] })).body.error).toMatchObject({
      code: 'ValidationFailed',
      issues: [
        { path: 'with.1', message: 'no agent nobody is registered' },
        { path: 'with.2', message: 'is the owner itself' },
      ],
    });
    const candidate = (await store.ofAgent(owner)).find(({ status }) => status === 'candidate')!;
    const { patternId } = candidate;
    const refused = { params: { agentId: owner, patternId }, body: { with: 'all' } };
    expect((await call(handler, putSharing, refused)).body.error.code).toBe('Conflict');
    const ended = await call(handler, putSharing, { ...refused, body: { with: [] } });
    expect(ended.status).toBe(200);
    expect((await share({ with: ['friend'], expectedVersion: 1 })).body.error).toMatchObject({
      code: 'VersionConflict',
      currentVersion: 5,
    });
    expect((await share({ with: Array.from({ length: 101 }, (_, i) => `a-${i}`) })).body.error.code).toBe(
      'ValidationFailed',
    );
    for (const route of [getSharing, putSharing]) {
      const other = { params: { agentId: 'friend', patternId: pattern.patternId } };
      const { body } = await call(handler, route, {
        ...other,
        ...(route === putSharing && { body: { with: 'all' } }),
      });
      expect(body.error.code).toBe('NotFound');
    }
  });

  it('gives numbers, proof and provenance to whom it is offered, and to nobody else; never the decisions', async () => {
    await share({ with: ['friend'] });
    const { body } = await read('friend');
    expect(body).toMatchObject({
      owner,
      standing: 'unconfirmed',
      n: 30,
      successes: 27,
      trend: [{ version: 1 }],
    });
    expect(body.provenance).toHaveLength(30);
    for (const entry of body.provenance)
      expect(Object.keys(entry).sort()).toEqual(['agentId', 'decisionId', 'status', 'timestamp']);
    expect(body.provenance.every(({ agentId }: { agentId: string }) => agentId === owner)).toBe(true);
    for (const agentId of ['outsider', 'newcomer'])
      expect((await read(agentId)).body.error.code).toBe('NotFound');
    const evidence = { params: { agentId: 'friend', patternId: pattern.patternId } };
    expect((await call(handler, patternRoutes.listEvidence, evidence)).body.error.code).toBe('NotFound');
  });

  it('lists own and offered in one list, own first, in pages that lose nothing', async () => {
    await share({ with: 'all' });
    const others = Array.from({ length: 9 }, (_, i): Pattern => ({
      ...pattern,
      agentId: `neighbour-${i}`,
      patternId: `PATTERN-${String(i).padStart(16, '0')}`,
      confidence: 0.5 + (i % 3) / 10,
      decisionType: i === 0 ? 'OTHER' : pattern.decisionType,
    }));
    const sharing = new Sharing(new Table(data.documents, tableName('memory'), data.clock), PATTERN_MEMORY);
    for (const one of others) {
      await store.save(one);
      await sharing.put({ owner: one.agentId, memoryId: one.patternId }, 'all', one.confidence);
    }
    const own = { ...pattern, agentId: 'collector' };
    for (let i = 0; i < 4; i++)
      await store.save({ ...own, patternId: `PATTERN-own-${i}`, confidence: 0.1 * (i + 1) });
    const seen: string[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listPatterns, {
        params: { agentId: 'collector' },
        query: {
          scope: 'all',
          maxResults: '3',
          decisionType: pattern.decisionType,
          ...(nextToken && { nextToken }),
        },
      });
      seen.push(
        ...body.items.map((item: Pattern & { owner?: string }) => `${item.owner ?? 'own'} ${item.patternId}`),
      );
      nextToken = body.nextToken;
    } while (nextToken);
    expect(seen.slice(0, 4)).toEqual([3, 2, 1, 0].map((i) => `own PATTERN-own-${i}`));
    expect(seen).toHaveLength(4 + 8 + 1);
    expect(new Set(seen).size).toBe(seen.length);
    const best = await offersTo('collector', { minConfidence: '0.6', asserts: 'success', maxResults: '2' });
    expect(best.items.map(({ confidence }: Pattern) => confidence)).toEqual([pattern.confidence, 0.7]);
    const garbage = {
      params: { agentId: 'collector' },
      query: { scope: 'shared', nextToken: best.nextToken },
    };
    expect((await call(handler, listPatterns, garbage)).body.error.issues).toMatchObject([
      { path: 'nextToken' },
    ]);
    for (const one of others) await sharing.put({ owner: one.agentId, memoryId: one.patternId }, [], 0);
    await share({ with: ['friend'] });
  });

  it('cut short at any write is completed by the same request', async () => {
    const grantees = Array.from({ length: 45 }, (_, i) => `reader-${i}`);
    const names = grantees.slice(5);
    const reference = { owner: 'writer', memoryId: pattern.patternId };
    await store.save({ ...pattern, agentId: 'writer' });
    const whole = new Sharing(new Table(data.documents, tableName('memory'), data.clock), PATTERN_MEMORY);
    await whole.put(reference, grantees.slice(0, 10), 0.5);
    const readers = async () => {
      const found = await Promise.all(grantees.map((name) => whole.sharedWith(name)));
      return grantees.filter((_, i) => found[i]!.some((record) => record.owner === 'writer'));
    };
    for (const k of [1, 2, 20, 44, 46]) {
      const dying = createTestRuntime('patterns', { now: NOW, documents: dyingAfter(k, { count: 0 }) });
      const sharing = new Sharing(
        new Table(dying.documents, tableName('memory'), data.clock),
        PATTERN_MEMORY,
      );
      await expect(sharing.put(reference, names, 0.5)).rejects.toThrow('killed');
      // from the first write on nobody sees it who is no longer named
      expect((await readers()).filter((name) => !names.includes(name))).toEqual([]);
      const { version } = await whole.put(reference, names, 0.5);
      expect(await readers()).toEqual(names);
      const left = await whole.put(reference, grantees.slice(0, 10), 0.5);
      expect(left.version).toBe(version + 1);
      expect(await readers()).toEqual(grantees.slice(0, 10));
    }
  });
});

describe('a match', () => {
  const match = async (agentId: string, body: object = up) =>
    (await call(handler, matchPatterns, { params: { agentId }, body })).body.items;

  it('shows what others offer after what the agent knows, under its owner, and not what it knows itself', async () => {
    await share({ with: 'all' });
    expect(await match('newcomer')).toMatchObject([
      { owner, standing: 'unconfirmed', patternId: pattern.patternId },
    ]);
    const [own, ...rest] = await match(owner);
    expect(own).not.toHaveProperty('owner');
    expect(rest).toEqual([]);
    expect(await match('newcomer', { context: { market: { trend: 'down' } } })).toEqual([]);
  });

  it('forgets within a minute what is no longer shared', async () => {
    await share({ with: [] });
    expect(await match('newcomer')).toHaveLength(1);
    runtime.advance(60_000);
    expect(await match('newcomer')).toEqual([]);
  });
});

describe('a night with offers', () => {
  it("confirms what the agent's own outcomes agree with, contradicts what they deny, and leaves the rest open", async () => {
    await share({ with: ['friend', 'contrarian', 'newcomer'] });
    const pipeline = createPipeline({ now: NOW });
    for (const agentId of ['friend', 'contrarian', 'newcomer']) await pipeline.run({ agentId });
    expect((await offersTo('friend')).items).toMatchObject([
      {
        owner,
        standing: 'confirmed',
        own: { reason: 'agrees', n: 20, asOf: NOW, version: 1, patternVersion: 1 },
      },
    ]);
    expect((await offersTo('contrarian')).items).toMatchObject([
      { standing: 'contradicted', own: { reason: 'opposite', n: 30, successes: 3 } },
    ]);
    expect((await offersTo('newcomer')).items).toMatchObject([
      { standing: 'unconfirmed', own: { reason: 'no_decisions', n: 0 } },
    ]);
    const { body } = await call(handler, matchPatterns, { params: { agentId: 'contrarian' }, body: up });
    expect(body.items.filter((item: { owner?: string }) => item.owner)).toEqual([]);
    expect((await read('friend')).body).toMatchObject({
      standing: 'confirmed',
      own: { successes: expect.any(Number) },
    });
  });

  it('changes nothing when it is run again, or killed anywhere and run again', async () => {
    const before = await verdicts.ofAgent('friend');
    await createPipeline({ now: NOW }).run({ agentId: 'friend' });
    expect(await verdicts.ofAgent('friend')).toEqual(before);

    const writes = { count: 0 };
    const dying = createPipeline({ now: NEXT, workerDocuments: dyingAfter(1, writes) });
    const killed = await dying.run({ agentId: 'friend' });
    expect(killed.progress.consolidated).toBe(0);
    await createPipeline({ now: NEXT }).run({ agentId: 'friend' });
    const after = await verdicts.ofAgent('friend');
    expect(after).toMatchObject([{ standing: 'confirmed', asOf: NEXT, version: 1, since: NOW }]);
    const past = await createPipeline({ now: NEXT }).run({ agentId: 'friend', asOf: NOW });
    expect(past.report.agents[0].report.dryRun).toBe(true);
    expect(await verdicts.ofAgent('friend')).toEqual(after);
  });

  it('ends the offer of what is no longer promoted, and the sharing survives the nights', async () => {
    const current = (await store.get(owner, pattern.patternId))!;
    const suspect = { ...current, status: 'suspect' as const, version: current.version + 1 };
    await store.save(suspect, current);
    expect((await offersTo('friend')).items).toEqual([]);
    expect((await read('friend')).body.error.code).toBe('NotFound');
    await store.save({ ...suspect, status: 'promoted', version: suspect.version + 1 }, suspect);
    expect((await offersTo('friend')).items).toHaveLength(1);
    expect((await call(handler, getSharing, { params })).body.with).toEqual([
      'contrarian',
      'friend',
      'newcomer',
    ]);
  });
});
