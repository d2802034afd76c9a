import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { ChangedDays } from '../../../lambdas/decisions/changed-days.ts';
import { DecisionImport } from '../../../lambdas/decisions/decision-import.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, type DecisionsApi, NOW } from './support.ts';

beforeAll(() => createTables());

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
let spans = 0;
const newSpan = (): string => (++spans).toString(16).padStart(16, '0');
const traced = (spanId: string) => ({ trace: { traceId, spanId } });

const byTrace = (api: DecisionsApi, agentId: string, spanId: string, body: object = { status: 'success' }) =>
  api.call('recordOutcomeByTrace', { params: { agentId, spanId }, body });

const rowOf = async (agentId: string, spanId: string) => {
  const { unrecorded } = createUnrecordedRuntime();
  const Key = { PK: `traces:${agentId}`, SK: spanId };
  return (await unrecorded.send(new GetCommand({ TableName: tableName('state'), Key }))).Item;
};

describe('a decision with a trace', () => {
  const api = createApi();

  it('is answered with it, and takes its outcome by its span as by its id', async () => {
    const spanId = newSpan();
    const { status, body: decision } = await api.log('tracer', traced(spanId));
    expect(status).toBe(201);
    expect(decision.trace).toEqual({ traceId, spanId });
    const outcome = { status: 'success', metrics: { returnPct: 1 }, ...traced(newSpan()) };
    const recorded = await byTrace(api, 'tracer', spanId, outcome);
    expect(recorded.body).toEqual({
      agentId: 'tracer',
      decisionId: decision.decisionId,
      decisionType: 'RISK_ASSESSMENT',
      timestamp: NOW,
      status: 'success',
      outcome: { ...outcome, occurredAt: NOW },
      outcomeRevision: 1,
    });
    const { body: read } = await api.get('tracer', decision.decisionId);
    expect(read).toMatchObject({ trace: { traceId, spanId }, outcome });
    const corrected = await byTrace(api, 'tracer', spanId, { status: 'failure' });
    expect(corrected.body).toMatchObject({ status: 'failure', outcomeRevision: 2 });
  });

  it('says also of an outcome that comes with it, or by its id, where that was observed', async () => {
    const [ofDecision, ofOutcome] = [newSpan(), newSpan()];
    const { body } = await api.log('tracer', {
      ...traced(ofDecision),
      outcome: { status: 'success', ...traced(ofOutcome) },
    });
    expect(body.outcome.trace.spanId).toBe(ofOutcome);
    // The span of an outcome names no decision.
    expect((await byTrace(api, 'tracer', ofOutcome)).status).toBe(404);
    const later = await api.outcome('tracer', body.decisionId, { status: 'failure', ...traced(ofOutcome) });
    expect(later.body.outcome.trace).toEqual({ traceId, spanId: ofOutcome });
  });

  it('is not found by a span it does not have, nor by another agent', async () => {
    const spanId = newSpan();
    await api.log('owner', traced(spanId));
    for (const [agentId, span] of [
      ['thief', spanId],
      ['owner', newSpan()],
    ] as const) {
      const { body } = await byTrace(api, agentId, span);
      expect(body.error.code).toBe('NotFound');
    }
    expect((await api.log('thief', traced(spanId))).status).toBe(201);
  });

  it('is forgotten with its span when its time is up', async () => {
    const spanId = newSpan();
    const late = createApi();
    await late.log('expired', traced(spanId));
    late.runtime.advance(90 * DAY_MS);
    expect((await byTrace(late, 'expired', spanId)).status).toBe(404);
    // Whether or not DynamoDB has deleted the rows by then.
    expect((await late.log('expired', traced(spanId))).status).toBe(201);
    expect((await byTrace(late, 'expired', spanId)).status).toBe(200);
    expect((await rowOf('expired', spanId))!['ttl']).toBe((Date.parse(NOW) + 180 * DAY_MS) / 1000);
  });

  it.each([
    ['trace.traceId', { traceId: 'x', spanId: '00f067aa0ba902b7' }],
    ['trace.traceId', { traceId: '0'.repeat(32), spanId: '00f067aa0ba902b7' }],
    ['trace.traceId', { traceId: traceId.toUpperCase(), spanId: '00f067aa0ba902b7' }],
    ['trace.traceId', { spanId: '00f067aa0ba902b7' }],
    ['trace.spanId', { traceId, spanId: '0'.repeat(16) }],
    ['trace.spanId', { traceId, spanId: '00f067aa0ba902b' }],
    ['trace.spanId', { traceId }],
    ['trace.flags', { traceId, spanId: '00f067aa0ba902b7', flags: 1 }],
  ])('is refused a wrong %s: %j', async (path, trace) => {
    const { body } = await api.log('wrong', { trace });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path }] });
    const ofOutcome = await api.log('wrong', { outcome: { status: 'success', trace } });
    expect(ofOutcome.body.error.issues).toMatchObject([{ path: `outcome.${path}` }]);
  });

  it.each(['x', '0'.repeat(16), '00F067AA0BA902B7', '00f067aa0ba902b7%00'])(
    'cannot have the span %s',
    async (spanId) => {
      const { body } = await byTrace(api, 'wrong', spanId);
      expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'spanId' }] });
    },
  );
});

describe('a span', () => {
  it('names one decision: another one is refused it, and told which has it', async () => {
    const api = createApi();
    const spanId = newSpan();
    const { body: first } = await api.log('single', traced(spanId));
    const { status, body } = await api.log('single', { ...traced(spanId), context: { other: true } });
    expect([status, body.error.code]).toEqual([409, 'Conflict']);
    expect(body.error.message).toBe(`The span ${spanId} names the decision ${first.decisionId} already`);
    expect((await api.list('single')).body.items).toHaveLength(1);
  });

  it('of a decision that is repeated with its token is still its own', async () => {
    const api = createApi();
    const spanId = newSpan();
    const sent = { ...traced(spanId), timestamp: NOW, clientToken: 'once' };
    const { body: first } = await api.log('repeats', sent);
    expect((await api.log('repeats', sent)).body).toEqual(first);
    const other = await api.log('repeats', { ...sent, ...traced(newSpan()) });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
  });

  it('with which a write was refused names nothing, and is free', async () => {
    const api = createApi();
    const [one, two] = [newSpan(), newSpan()];
    const sent = { timestamp: NOW, clientToken: 'token' };
    await api.log('refused', { ...sent, ...traced(one) });
    expect((await api.log('refused', { ...sent, ...traced(two) })).body.error.code).toBe(
      'IdempotencyMismatch',
    );
    expect((await byTrace(api, 'refused', two)).status).toBe(404);
    const { body } = await api.log('refused', traced(two));
    expect((await byTrace(api, 'refused', two)).body.decisionId).toBe(body.decisionId);
    expect((await byTrace(api, 'refused', one)).body.decisionId).not.toBe(body.decisionId);
  });

  it('in a batch is the first row’s; the others fail alone', async () => {
    const api = createApi();
    const [shared, own] = [newSpan(), newSpan()];
    const row = (n: number, spanId: string) => ({
      decisionType: 'RISK_ASSESSMENT',
      context: { n },
      ...traced(spanId),
    });
    const { body } = await api.call('logDecisions', {
      params: { agentId: 'batch' },
      body: { decisions: [row(0, shared), row(1, own), row(2, shared), row(3, shared)] },
    });
    expect(body.items.map((item: { context: { n: number } }) => item.context.n)).toEqual([0, 1]);
    expect(body.failed).toMatchObject([
      { index: 2, code: 'Conflict' },
      { index: 3, code: 'Conflict' },
    ]);
    expect((await byTrace(api, 'batch', shared)).body.decisionId).toBe(body.items[0].decisionId);
    expect((await byTrace(api, 'batch', own)).body.decisionId).toBe(body.items[1].decisionId);
  });

  it('that two instances claim at once is one’s, and the other is told to try again or that it is taken', async () => {
    for (let round = 0; round < 5; round++) {
      const spanId = newSpan();
      const answers = await Promise.all(
        [createApi(), createApi(), createApi()].map((api) => api.log('raced', traced(spanId))),
      );
      const logged = answers.filter(({ status }) => status === 201);
      expect(logged).toHaveLength(1);
      for (const { body } of answers.filter(({ status }) => status !== 201))
        expect(['Conflict', 'Unavailable']).toContain(body.error.code);
      const { body } = await byTrace(createApi(), 'raced', spanId);
      expect(body.decisionId).toBe(logged[0]!.body.decisionId);
    }
  });
});

describe('a writer that dies between the span and its decision', () => {
  /** It writes the row of the span and nothing after it. */
  const dying = () =>
    createApi({
      documents: intercept((command, pass) =>
        command.constructor.name === 'PutCommand' ? Promise.reject(new Error('killed')) : pass(command),
      ),
    });

  it('leaves nothing that can be seen, and its repeat with the token goes through', async () => {
    const spanId = newSpan();
    const sent = { ...traced(spanId), timestamp: NOW, clientToken: 'again' };
    expect((await dying().log('dies', sent)).body.error.code).toBe('Internal');
    expect(await rowOf('dies', spanId)).toBeDefined();
    const api = createApi();
    expect((await byTrace(api, 'dies', spanId)).status).toBe(404);
    const { body } = await api.log('dies', sent);
    expect((await byTrace(api, 'dies', spanId)).body.decisionId).toBe(body.decisionId);
  });

  it('blocks its span for a minute, in which it could still be on its way', async () => {
    const spanId = newSpan();
    await dying().log('blocked', traced(spanId));
    const api = createApi();
    const refused = await api.log('blocked', traced(spanId));
    expect(refused.body.error.code).toBe('Unavailable');
    expect(refused.headers['retry-after']).toBe('1');
    api.runtime.advance(60_001);
    const { status, body } = await api.log('blocked', traced(spanId));
    expect(status).toBe(201);
    expect((await byTrace(api, 'blocked', spanId)).body.decisionId).toBe(body.decisionId);
  });
});

describe('what was there before', () => {
  it('a decision that an earlier version stored, without a trace, is read and has its outcome by its id', async () => {
    const api = createApi();
    const { body } = await api.log('before');
    expect(body).not.toHaveProperty('trace');
    expect((await api.outcome('before', body.decisionId, { status: 'success' })).status).toBe(200);
  });

  it('a traced decision that was imported keeps its trace, but is not found by it', async () => {
    const runtime = createUnrecordedRuntime({ now: NOW });
    const table = (name: 'decisions' | 'state') =>
      new Table(runtime.documents, tableName(name), runtime.clock);
    const spanId = newSpan();
    const decision = {
      decisionType: 'RISK_ASSESSMENT',
      context: {},
      timestamp: NOW,
      clientToken: 'row-1',
      ...traced(spanId),
    };
    const state = table('state');
    await new DecisionImport(table('decisions'), new AgentRegistry(state), new ChangedDays(state)).add([
      { agentId: 'imported', decision },
    ]);
    const api = createApi();
    const { items } = (await api.list('imported')).body;
    expect((await api.get('imported', items[0].decisionId)).body.trace.spanId).toBe(spanId);
    expect((await byTrace(api, 'imported', spanId)).status).toBe(404);
    // Sent once more to the log it is the same decision, and then has its span.
    expect((await api.log('imported', decision)).body.decisionId).toBe(items[0].decisionId);
    expect((await byTrace(api, 'imported', spanId)).status).toBe(200);
  });

  it('a row of a span that names no decision is not in anyone’s way', async () => {
    const { unrecorded } = createUnrecordedRuntime();
    const spanId = newSpan();
    const Item = { PK: 'traces:stale', SK: spanId, decisionId: 'x', claimedAt: NOW, ttl: 1 };
    await unrecorded.send(new PutCommand({ TableName: tableName('state'), Item }));
    const api = createApi();
    expect((await byTrace(api, 'stale', spanId)).status).toBe(404);
    expect((await api.log('stale', traced(spanId))).status).toBe(201);
  });
});

it('a trace costs 1 write unit more, and nothing without one; a traceparent header costs nothing', async () => {
  const spent: string[] = [];
  const api = createApi({
    documents: intercept(async (command, pass) => {
      (command as { input: { ReturnConsumedCapacity?: string } }).input.ReturnConsumedCapacity = 'TOTAL';
      const answer = (await pass(command)) as { ConsumedCapacity?: unknown };
      const units = [answer.ConsumedCapacity ?? []]
        .flat()
        .reduce((sum: number, each) => sum + ((each as { CapacityUnits?: number }).CapacityUnits ?? 0), 0);
      spent.push(`${command.constructor.name.replace('Command', '')} ${units}`);
      return answer;
    }),
  });
  const decision = { action: 'buy', context: { market: { trend: 'up' } } };
  await api.log('frugal', decision);
  const costOf = async (run: () => Promise<unknown>) => {
    spent.length = 0;
    await run();
    return [...spent];
  };
  const spanId = newSpan();
  expect(await costOf(() => api.log('frugal', decision))).toEqual(['Put 4']);
  expect(await costOf(() => api.log('frugal', { ...decision, ...traced(spanId) }))).toEqual([
    'Update 1',
    'Put 4',
  ]);
  const headers = { traceparent: `00-${traceId}-${spanId}-01` };
  const body = { decisionType: 'RISK_ASSESSMENT', ...decision };
  const logged = await costOf(async () => {
    const answer = await api.call('logDecision', { params: { agentId: 'frugal' }, body, headers });
    expect(answer.body).not.toHaveProperty('trace');
    expect(answer.headers['traceparent']).toBe(headers.traceparent);
  });
  expect(logged).toEqual(['Put 4']);
  const [lookUp, read, update] = await costOf(() => byTrace(api, 'frugal', spanId));
  expect([lookUp, read]).toEqual(['BatchGet 1', 'Get 1']);
  expect(Number(update!.split(' ')[1])).toBeLessThanOrEqual(5);
});
