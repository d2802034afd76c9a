import { beforeAll, expect, it } from '@jest/globals';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { Archive } from '../../../lambdas/archive/archive.ts';
import { archivedDecision } from '../../../lambdas/decisions/archived-decision.ts';
import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { createDecisionsHandler } from '../../../lambdas/decisions/decisions.lambda.ts';
import { toItem } from '../../../lambdas/decisions/table.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { call } from '../../support/api.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { createTables } from '../../support/tables.ts';
import { startAgents } from '../agents/agents-handler.ts';
import { createArchiver, removal } from '../archive/expired.ts';
import { recordAt } from '../archive/records.ts';
import { decisionsOf, plantedRule } from '../consolidation/pipeline.ts';
import { createMemoriesFixture } from '../memories/fixture.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createErasurePipeline, everything, kindsOf, NOW, tableNames } from './erasure-pipeline.ts';
import { leaveRemains } from './population.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

/** Everything that is the user's says so: in its text, or by the name of the session. */
const MINE = 'mine';

const traceOf = (userId: string) => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: userId === MINE ? '00f067aa0ba902b7' : '53995c3f42cd8ad8',
});

async function populate(bucket: MemoryBucket, agentId: string): Promise<string[]> {
  const env = { AUTH_MODE: 'iam' as const, ...tableNames() };
  const decisions = createDecisionsHandler(createTestRuntime('decisions', { now: NOW }), env);
  const sessions = createSessionsFixture({ now: NOW });
  const memories = createMemoriesFixture({ now: NOW });
  const data = createUnrecordedRuntime({ now: NOW });
  const store = new PatternStore(new Table(data.documents, env.MEMORY_TABLE));
  const digests = [];
  const pruned = [];
  const sessionIds: string[] = [];
  const archive = new Archive(() => Promise.resolve(bucket.store('archiver')), data.clock);
  for (const userId of [MINE, 'other']) {
    await memories.save(agentId, { content: `likes ${userId}`, provenance: { userId } });
    await leaveRemains(data, agentId, `INSIGHT-gone-${digests.length}`, { userId });
    const sessionId = await sessions.open(agentId, { userId, topic: `about ${userId}` });
    if (userId === MINE) sessionIds.push(sessionId);
    await sessions.say(agentId, sessionId, `I am ${userId}`);
    const context = { asked: `by ${userId}` };
    const { body } = await call(decisions, decisionRoutes.logDecision, {
      params: { agentId },
      body: { decisionType: 'QUERY_EXECUTION', context, sessionId, trace: traceOf(userId) },
    });
    digests.push({
      decisionId: body.decisionId,
      timestamp: NOW,
      status: 'success' as const,
      action: `for ${userId}`,
    });
    const [old] = decisionsOf(agentId, plantedRule(NOW, 1), NOW);
    const oldSession = `SESSION-${userId}`;
    const inSession = {
      ...old!,
      decisionId: `${old!.decisionId.slice(0, -1)}${userId === MINE ? 'A' : 'B'}`,
    };
    digests.push({
      decisionId: inSession.decisionId,
      timestamp: NOW,
      status: 'success' as const,
      action: `for ${userId}`,
    });
    const row = toItem({ ...inSession, sessionId: oldSession, action: `for ${userId}` });
    await archive.write('decisions', [archivedDecision(row)!], 'expired');
    const head = recordAt('2026-01-01T00:00:00.000Z', 1, {
      agentId,
      id: oldSession,
      kind: 'session',
      key: oldSession,
      userId,
      record: { userId },
    });
    const message = {
      key: `${oldSession}#1`,
      kind: 'message',
      record: { content: userId },
      userId: undefined,
    };
    await archive.write('state', [head, { ...head, ...message }], 'expired');
    const memory = { id: `INSIGHT-${userId}`, key: userId, userId, record: { provenance: { userId } } };
    pruned.push(recordAt(NOW, 2, { agentId, ...memory }));
  }
  // In one object, of which half stays.
  await archive.write('memory', pruned, 'pruned');
  const pattern = { agentId, patternId: 'P', decisionType: 'QUERY_EXECUTION', version: 1, confidence: 0.5 };
  await store.save(pattern as unknown as Pattern);
  await store.saveDigests(agentId, 'P', digests);
  return sessionIds;
}

it('removes a user’s sessions with all agents, what was decided in them, and what the archive has of both', async () => {
  const bucket = new MemoryBucket();
  const mine = [...(await populate(bucket, 'one')), ...(await populate(bucket, 'two'))];
  // What it stored stays when an agent is deregistered.
  await call(startAgents({ now: NOW }).handler, agentRoutes.deregisterAgent, { params: { agentId: 'two' } });
  const before = await everything(bucket);
  const isMine = (row: string) => [MINE, ...mine].some((word) => row.includes(word));
  expect(kindsOf(before.filter(isMine))).toEqual([
    'archive records/table=decisions',
    'archive records/table=memory',
    'archive records/table=state',
    'archive users/user=mine/table=memory',
    'archive users/user=mine/table=state',
    'decisions agent time',
    'memory agent OBSERVATION',
    'memory history EVIDENCE',
    'memory history v00000001',
    'state agent SESSION',
    'state open-sessions one',
    'state open-sessions two',
    'state session MSG',
    'state session TOP',
    'state user one',
    'state user two',
  ]);

  const erasures = createErasurePipeline({ bucket });
  const erasure = await erasures.erase({ userId: MINE });
  expect(erasure).toMatchObject({
    userId: MINE,
    status: 'SUCCEEDED',
    // Two agents: a decision each and its span; head, message, two list rows and the open one; of the archive a
    // decision, a head, a message, a memory and two pointers.
    removed: { decisions: 2, memory: 4, state: 12, signals: 0, archive: 12 },
    rewritten: 2,
  });

  const after = await everything(bucket);
  const spans = (rows: readonly string[]) => rows.filter((row) => row.includes('"PK":"traces:'));
  expect([spans(before).length, spans(after).length]).toEqual([4, 2]);
  expect(spans(after).every((row) => row.includes(traceOf('other').spanId))).toBe(true);

  const left = after.filter(isMine);
  expect(kindsOf(left)).toEqual(['state erased ERASED', 'state erasure ERASURE', 'state erasure SESSION']);
  const present = new Set(after);
  const isMySpan = (row: string) => row.includes(`"SK":"${traceOf(MINE).spanId}"`);
  expect(before.filter((row) => !isMine(row) && !isMySpan(row) && !present.has(row))).toEqual([]);
});

it('keeps what expired before it from being archived after it', async () => {
  const { archive, bucket } = createArchiver(undefined, NOW);
  const erasures = createErasurePipeline({ bucket, remainingMs: [60_000, 60_000, 60_000] });
  const sessions = createSessionsFixture({ now: NOW });
  const sessionId = await sessions.open('three', { userId: 'gone' });
  const message = { role: 'user', content: 'late', createdAt: NOW, ttl: 1 };
  const late = removal('state', { PK: `session:three#${sessionId}`, SK: 'MSG#000000001', ...message });
  const [one] = decisionsOf('four', plantedRule(NOW, 1), NOW);
  const decision = removal('decisions', toItem(one!));
  const inSession = removal('decisions', toItem({ ...one!, agentId: 'three', sessionId }));
  const delivery = removal('signals', {
    PK: 'signal#NEWS',
    SK: `${NOW}#NEWS-01KJMMA2G00000000000000000#three`,
    sourceAgent: 'four',
    status: 'PENDING',
    ttl: 1,
  });
  // No time for more than one step: what was left goes on in the next invocation.
  const { status, invocations } = await erasures.erase({ userId: 'gone' });
  expect(status).toBe('SUCCEEDED');
  expect(invocations).toBeGreaterThan(2);
  await erasures.erase({ agentId: 'four' });
  expect(await archive(late, decision, inSession, delivery)).toEqual({ batchItemFailures: [] });
  expect(bucket.objects.size).toBe(0);

  const [later] = decisionsOf('four', [{ context: {}, timestamp: '2026-03-01T12:10:00.000Z' }], NOW);
  await archive(removal('decisions', toItem(later!)));
  expect(bucket.objects.size).toBe(1);
});
