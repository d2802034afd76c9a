import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { Archive } from '../../../lambdas/archive/archive.ts';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import { KnownPools } from '../../../lambdas/consolidation/known-pools.ts';
import { archivedDecision } from '../../../lambdas/decisions/archived-decision.ts';
import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { createDecisionsHandler } from '../../../lambdas/decisions/decisions.lambda.ts';
import { toItem } from '../../../lambdas/decisions/table.ts';
import { ErasedMarks } from '../../../lambdas/shared/erased-marks.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import type { OfferVerdictRecord } from '../../../lambdas/patterns/offer-verdict.ts';
import { OfferVerdictStore } from '../../../lambdas/patterns/offer-verdict-store.ts';
import { AccessCounts } from '../../../lambdas/memories/access-counts.ts';
import { statisticsKey } from '../../../lambdas/memories/ageing/statistics-table.ts';
import type { Memory, Provenance } from '../../../lambdas/memories/memory.ts';
import { toRevisionItem } from '../../../lambdas/memories/table.ts';
import { memoryRoutes } from '../../../lambdas/memories/contract.ts';
import { composeBroadcasts } from '../../../lambdas/signals/compose.ts';
import { signalRoutes } from '../../../lambdas/signals/contract.ts';
import { createSignalsHandler } from '../../../lambdas/signals/signals.lambda.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import type { RouteContract } from '../../../lambdas/shared/http/contract.ts';
import type { HttpHandler } from '../../../lambdas/shared/http/handler.ts';
import { tokenPart, typedId } from '../../../lambdas/shared/platform/ids.ts';
import { poolOf } from '../../../lambdas/shared/schema/owners.ts';
import { call } from '../../support/api.ts';
import { createTestRuntime, createUnrecordedRuntime, type TestRuntime } from '../../support/runtime.ts';
import type { MemoryBucket } from '../../support/s3.ts';
import { startAgents } from '../agents/agents-handler.ts';
import { recordAt } from '../archive/records.ts';
import { createPipeline, decisionsOf, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { createMemoriesFixture } from '../memories/fixture.ts';
import { createPerformance } from '../results/support.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { NOW, tableNames } from './erasure-pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

export const USER = 'user-42';

/** A night that was killed when a memory was gone and what it was before was not. */
export async function leaveRemains(
  { documents }: TestRuntime,
  agentId: string,
  memoryId: string,
  provenance: Provenance,
): Promise<void> {
  const TableName = tableNames().MEMORY_TABLE;
  await documents.send(
    new UpdateCommand({
      TableName,
      Key: statisticsKey(agentId),
      UpdateExpression: 'SET remains = list_append(if_not_exists(remains, :none), :remains)',
      ExpressionAttributeValues: { ':none': [], ':remains': [{ memoryId, aliases: [] }] },
    }),
  );
  const memory = { agentId, memoryId, version: 1, provenance } as unknown as Memory;
  await documents.send(new PutCommand({ TableName, Item: toRevisionItem(memory, NOW) }));
}

/** What is known of agents where nobody would come by: at one that is deregistered, and in the pool of a type that is no more. */
async function leaveTraces(data: TestRuntime, agents: HttpHandler, leaver: string, stayer: string) {
  const { MEMORY_TABLE, STATE_TABLE } = tableNames();
  const pool = poolOf('ranger');
  const shown = { patternId: 'P', decisionType: 'RISK_ASSESSMENT', version: 1, confidence: 0.5 };
  const ofPool = { ...shown, agentId: pool, contributors: [{ agentId: leaver }, { agentId: stayer }] };
  const patterns = new PatternStore(new Table(data.documents, MEMORY_TABLE));
  await new KnownPools(new Table(data.documents, STATE_TABLE)).note(pool);
  await patterns.save(ofPool as unknown as Pattern);
  const digest = { timestamp: NOW, status: 'success' as const };
  await patterns.saveDigests(pool, 'P', [
    { ...digest, agentId: leaver, decisionId: `D-${leaver}` },
    { ...digest, agentId: stayer, decisionId: `D-${stayer}` },
  ]);
  const verdicts = new OfferVerdictStore(new Table(data.documents, MEMORY_TABLE));
  for (const owner of [leaver, stayer])
    await verdicts.save({
      agentId: 'retired',
      owner,
      patternId: 'P',
      version: 1,
    } as unknown as OfferVerdictRecord);
  const marks = new ErasedMarks(new Table(data.documents, STATE_TABLE, data.clock));
  const reads = new AccessCounts(new Table(data.documents, MEMORY_TABLE, data.clock), data.randomPart, marks);
  for (const agentId of [leaver, stayer]) {
    reads.note(agentId, ['INSIGHT-read']);
    await leaveRemains(data, agentId, `INSIGHT-gone-${agentId}`, {});
  }
  await reads.flush(true);
  const params = { agentId: 'retired' };
  await call(agents, agentRoutes.heartbeat, { params, body: {} });
  await call(agents, agentRoutes.deregisterAgent, { params });
}

/** Signals whose publisher died before it had told anybody. */
async function leaveBroadcasts({ documents, clock }: TestRuntime, agentId: string, other: string) {
  const { SIGNALS_TABLE, STATE_TABLE } = tableNames();
  const [signals, state] = [
    new Table(documents, SIGNALS_TABLE, clock),
    new Table(documents, STATE_TABLE, clock),
  ];
  await composeBroadcasts({ signals, state }, new AgentRegistry(state)).begin({
    signal: {
      signalId: typedId('POPULAR', new Date(NOW), tokenPart(agentId, 'broadcasts', 'of the population')),
      signalType: 'POPULAR',
      sourceAgent: agentId,
      timestamp: NOW,
      severity: 'low',
      confidence: 1,
      data: {},
    },
    targets: ['bystander', other],
    payloadHash: 'hash',
    begunAt: Date.parse(NOW),
    ttl: Date.parse(NOW) / 1000 + 86_400,
  });
}

/** One of everything that agents keep, written through the handlers, of two agents that have much to do with each other. */
export async function populate(bucket: MemoryBucket, leaver: string, stayer: string): Promise<void> {
  const env = { AUTH_MODE: 'iam' as const, ...tableNames() };
  const agents = startAgents({ now: NOW }).handler;
  const decisions = createDecisionsHandler(createTestRuntime('decisions', { now: NOW }), env);
  const signals = createSignalsHandler(createTestRuntime('signals', { now: NOW }), env);
  const patterns = createPatternsHandler(createTestRuntime('patterns', { now: NOW }), env);
  const sessions = createSessionsFixture({ now: NOW });
  const memories = createMemoriesFixture({ now: NOW });
  const desk = createPerformance({ now: NOW });
  const pipeline = createPipeline({ now: NOW });
  const data = createUnrecordedRuntime({ now: NOW });
  const by =
    (handler: HttpHandler) =>
    async (route: RouteContract, agentId: string, body?: object, params: Record<string, string> = {}) =>
      (await call(handler, route, { params: { agentId, ...params }, body })).body;
  const onAgents = by(agents);
  const onDecisions = by(decisions);
  const onSignals = by(signals);
  const onPatterns = by(patterns);

  for (const [agentId, other] of [
    [leaver, stayer],
    [stayer, leaver],
  ] as const) {
    await onAgents(agentRoutes.putAgent, agentId, { type: 'scout' });
    await onAgents(agentRoutes.putState, agentId, { status: 'active', data: { cycle: 1 } });
    const { checkpointId } = await onAgents(agentRoutes.createCheckpoint, agentId, {
      label: 'before',
      clientToken: 'once',
    });
    await onAgents(agentRoutes.restoreCheckpoint, agentId, {}, { checkpointId });
    await onAgents(agentRoutes.putWorking, agentId, { value: { a: 1 } }, { key: 'query' });
    await onAgents(agentRoutes.count, agentId, { windowSeconds: 60, clientToken: 'once' }, { key: 'calls' });
    await logDecisions(data, agentId, plantedRule(NOW));

    const parent = await onDecisions(decisionRoutes.logDecision, agentId, {
      trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' },
      decisionType: 'RISK_ASSESSMENT',
      context: { limit: 3 },
    });
    await onDecisions(decisionRoutes.logDecision, other, {
      decisionType: 'TRADE_EXECUTION',
      context: {},
      parent: { agentId, decisionId: parent.decisionId },
    });
    const sessionId = await sessions.open(agentId, { userId: USER });
    await sessions.say(agentId, sessionId, 'what is up?');
    await onDecisions(decisionRoutes.logDecision, agentId, {
      decisionType: 'QUERY_EXECUTION',
      context: { question: 'what is up?' },
      sessionId,
    });
    await sessions.open(agentId);

    await onSignals(signalRoutes.putSubscriptions, agentId, { signalTypes: ['NEWS', 'WHALE_ACTIVITY'] });
    const signal = { signalType: 'WHALE_ACTIVITY', severity: 'low', confidence: 0.5, data: {} };
    for (const targetAgents of [[other], [agentId, other], [agentId, other, 'bystander']]) {
      for (const name of targetAgents) await onAgents(agentRoutes.heartbeat, name, {});
      const { signalId } = await onSignals(signalRoutes.publishSignal, agentId, { ...signal, targetAgents });
      const seen = new SeenSignals(new Table(data.documents, env.STATE_TABLE, data.clock));
      await seen.remember(other, signalId);
      if (targetAgents.length === 2)
        await onSignals(signalRoutes.acknowledgeSignal, other, { status: 'PROCESSED' }, { signalId });
    }
    await onSignals(signalRoutes.publishSignal, agentId, {
      ...signal,
      signalType: 'UNHEARD_OF',
      timestamp: NOW,
      clientToken: 'once',
    });
    await leaveBroadcasts(data, agentId, other);
    const { body: memory } = await memories.save(agentId, { clientToken: 'once' });
    await memories.update(agentId, memory.memoryId, { expectedVersion: 1, content: 'It is over.' });
    await call(memories.handler, memoryRoutes.putMemorySharing, {
      params: { agentId, memoryId: memory.memoryId },
      body: { with: ['bystander'] },
    });
    await desk.post('createSnapshot', agentId, {
      period: 'month',
      date: '2026-02-01',
      clientToken: 'once',
    });
    await onPatterns(
      patternRoutes.statePattern,
      agentId,
      {
        decisionType: 'SIGNAL_GENERATION',
        asserts: 'failure',
        conditions: [{ path: 'asset', op: 'eq', value: 'BTC' }],
      },
      { patternId: 'by-heart' },
    );
  }

  await pipeline.run({});
  for (const [agentId, other] of [
    [leaver, stayer],
    [stayer, leaver],
  ] as const) {
    const { items } = await onPatterns(patternRoutes.listPatterns, agentId);
    for (const [i, { patternId }] of items.entries())
      await onPatterns(
        patternRoutes.putSharing,
        agentId,
        { with: i === 0 ? [other, 'bystander'] : 'all' },
        { patternId },
      );
    const context = { market: { trend: 'up' } };
    await onPatterns(patternRoutes.matchPatterns, agentId, { decisionType: 'SIGNAL_GENERATION', context });
    await call(pipeline.api, consolidationRoutes.startAgentRun, {
      params: { agentId },
      body: { clientToken: 'once' },
    });
  }
  await pipeline.drain();

  await leaveTraces(data, agents, leaver, stayer);

  const store = bucket.store('archiver');
  const archive = new Archive(() => Promise.resolve(store), data.clock);
  for (const agentId of [leaver, stayer]) {
    const [old] = decisionsOf(agentId, plantedRule(NOW, 1), NOW);
    const inSession = { ...old!, sessionId: `SESSION-old-${agentId}` };
    await archive.write('decisions', [archivedDecision(toItem(inSession))!], 'expired');
    await archive.write(
      'state',
      [
        recordAt('2026-01-01T00:00:00.000Z', 1, {
          agentId,
          id: `SESSION-old-${agentId}`,
          kind: 'session',
          userId: USER,
          record: { userId: USER, agentId },
        }),
        recordAt('2026-01-02T00:00:00.000Z', 2, {
          agentId,
          id: `SESSION-old-${agentId}`,
          kind: 'message',
          record: { content: 'hello' },
        }),
        recordAt('2026-01-01T00:00:00.000Z', 3, { agentId, id: 'SESSION-of-nobody', record: { agentId } }),
      ],
      'expired',
    );
    for (const [n, [sourceAgent, targetAgent]] of [
      [leaver, stayer],
      [stayer, leaver],
      [stayer, 'bystander'],
      ['bystander', stayer],
    ].entries())
      if (agentId === sourceAgent || agentId === targetAgent)
        await archive.write(
          'signals',
          [
            recordAt('2026-01-03T00:00:00.000Z', n, {
              agentId,
              kind: 'delivery',
              record: { sourceAgent, targetAgent },
            }),
          ],
          'expired',
        );
  }
}
