import { beforeAll, describe, expect, it } from '@jest/globals';
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { intercept, alwaysThrows, faults } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { NOW } from '../decisions/support.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createSignalsFixture } from '../signals/fixture.ts';
import { createContextFixture } from './fixture.ts';

const agentId = 'hunter';
const sessions = createSessionsFixture({ now: NOW });
const signals = createSignalsFixture({ now: NOW });
let sessionId: string;
const situation = { market: { trend: 'up' } };
const whole = () => ({ sessionId, situation });

beforeAll(async () => {
  await createTables();
  const data = createUnrecordedRuntime({ now: NOW });
  await logDecisions(data, agentId, plantedRule(NOW));
  await createPipeline({ now: NOW }).run({ agentId });
  await signals.register('scout', agentId);
  await signals.publish('scout', { targetAgents: [agentId] });
  sessionId = await sessions.open(agentId, { topic: 'BTC-USD' });
  for (let i = 1; i <= 3; i++) await sessions.say(agentId, sessionId, `Message ${i}.`);
});

type Command = {
  readonly input: {
    readonly TableName?: string;
    readonly RequestItems?: object;
    readonly IndexName?: string;
  };
};
const touches = (table: Parameters<typeof tableName>[0]) => (command: object) => {
  const { TableName, RequestItems } = (command as Command).input;
  return TableName === tableName(table) || tableName(table) in (RequestItems ?? {});
};
const isSessionQuery = (command: object): boolean =>
  command instanceof QueryCommand &&
  String(command.input.ExpressionAttributeValues?.[':pk']).startsWith('session:');

const failing = (hit: (command: object) => boolean, error: Error) =>
  intercept((command, pass) => (hit(command) ? Promise.reject(error) : pass(command)));
const hanging = (hit: (command: object) => boolean) =>
  intercept((command, pass) => (hit(command) ? new Promise(() => undefined) : pass(command)));

describe('a context when something fails', () => {
  const throttled = faults[0]![1];
  it.each([
    ['memory', ['insights', 'memories'], { insights: [] }],
    ['signals', ['signals'], { signals: [] }],
    ['decisions', ['decisions'], {}],
  ] as const)('comes without what the %s table has, and says so', async (table, degraded, empty) => {
    const documents = failing(touches(table), throttled);
    const { status, body } = await createContextFixture({ now: NOW, documents }).ask(agentId, whole());
    expect(status).toBe(200);
    expect(body).toMatchObject({ degraded, ...empty });
    expect(body.immediate.messages).toHaveLength(3);
    expect(body.exposureId).toMatch(/^EXPOSURE-/);
    // The others are all there.
    const full = await createContextFixture({ now: NOW }).ask(agentId, whole());
    for (const part of ['insights', 'signals'] as const)
      if (!(part in empty)) expect(body[part]).toEqual(full.body[part]);
    if (table !== 'decisions') expect(body.relevant).toEqual(full.body.relevant);
  });

  it('does not wait for what is slow', async () => {
    const { ask } = createContextFixture({
      now: NOW,
      documents: hanging((command) => touches('memory')(command) || touches('signals')(command)),
      deadlines: { partMs: 1_000, sessionMs: 10_000 },
    });
    const { body } = await ask(agentId, whole());
    expect(body).toMatchObject({ degraded: ['insights', 'memories', 'signals'], insights: [], signals: [] });
    expect(body.relevant.length).toBeGreaterThan(0);
  });

  it('is given without an id when what was shown cannot be recorded, and says so', async () => {
    const documents = failing((command) => command instanceof PutCommand, throttled);
    const { status, body } = await createContextFixture({ now: NOW, documents }).ask(agentId, whole());
    expect(status).toBe(200);
    expect(body).toMatchObject({ degraded: ['exposure'], exposureId: null });
    expect(body.insights).toHaveLength(1);
  });

  it.each(faults)('without the session is no answer: %s', async (code, error) => {
    const documents = failing(isSessionQuery, error);
    const { body, headers } = await createContextFixture({ now: NOW, documents }).ask(agentId, whole());
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('agent_secret');
    if (code !== 'Internal') expect(headers['retry-after']).toBe('1');
  });

  it('is refused for now when the session is not there in time', async () => {
    const { ask } = createContextFixture({
      now: NOW,
      documents: hanging(isSessionQuery),
      deadlines: { partMs: 50, sessionMs: 100 },
    });
    const { status, headers } = await ask(agentId, whole());
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  it('is empty rather than an error when all is down and no session was asked for', async () => {
    const { ask } = createContextFixture({ now: NOW, documents: alwaysThrows(throttled) });
    const { status, body } = await ask(agentId, { situation });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      text: '',
      degraded: ['decisions', 'insights', 'memories', 'signals'],
      exposureId: null,
    });
  });

  it('with three calls in ten failing is an answer or a refusal to repeat, whole but for what it names', async () => {
    const reference = (await createContextFixture({ now: NOW }).ask(agentId, whole())).body;
    let seed = 7;
    const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const timeout = Object.assign(new Error('no answer'), { name: 'TimeoutError' });
    const errors = [throttled, faults[1]![1], timeout];
    let failing = false;
    const documents = intercept((command, pass) => {
      if (!failing || chance() >= 0.3) return pass(command);
      return Promise.reject(errors[Math.floor(chance() * errors.length)]!);
    });
    const instance = () => createContextFixture({ now: NOW, documents });
    const warm = instance();
    await warm.ask(agentId, whole());
    failing = true;
    const seen = { degraded: 0, refused: 0 };
    for (let i = 0; i < 80; i++) {
      // A cold instance reads most, and so fails most.
      const { ask } = i % 10 === 9 ? instance() : warm;
      const { status, body } = await ask(agentId, whole());
      if (status !== 200) {
        expect([429, 503]).toContain(status);
        seen.refused++;
        continue;
      }
      expect(body.immediate).toEqual(reference.immediate);
      const has = (part: string): boolean => body.degraded.includes(part);
      expect(body.insights).toEqual(has('insights') ? [] : reference.insights);
      expect(body.signals).toEqual(has('signals') ? [] : reference.signals);
      if (!has('decisions') && !has('sessions') && !has('memories'))
        expect(body.relevant).toEqual(reference.relevant);
      expect(body.exposureId === null).toBe(has('exposure'));
      if (body.degraded.length > 0) seen.degraded++;
    }
    // Above the client's retries, so far more often than a client would ever give up.
    expect(Math.min(seen.degraded, seen.refused)).toBeGreaterThan(0);
  });
});

describe('a request for a context', () => {
  const { ask, raw } = createContextFixture({ now: NOW });

  it('of a session the agent does not have is told which field names it', async () => {
    for (const unknown of ['SESSION-01JZZZZZZZZZZZZZZZZZZZZZZZ', 'nothing'])
      expect((await ask(agentId, { sessionId: unknown })).body.error).toMatchObject({
        code: 'ValidationFailed',
        issues: [{ path: 'sessionId', message: 'is no session of this agent' }],
      });
    expect((await ask('scout', { sessionId })).status).toBe(400);
  });

  it.each([
    ['budgets.immediate', { budgets: { immediate: -1 } }],
    ['budgets.relevant', { budgets: { relevant: 1.5 } }],
    ['budgets.total', { budgets: { total: 5 } }],
    ['query', { query: '' }],
    ['query', { query: 'a'.repeat(4_001) }],
    ['decisionType', { decisionType: 'lower' }],
    ['situation', { situation: [] }],
    ['record', { record: 'yes' }],
    ['signals', { signals: [] }],
  ])('is refused for %s', async (path, body) => {
    const answer = await ask(agentId, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it('needs an identity, and a body that fits', async () => {
    expect((await raw({ params: { agentId }, body: {}, caller: null })).status).toBe(403);
    expect((await raw({ params: { agentId }, rawBody: `{"query":"${'a'.repeat(1_100_000)}"}` })).status).toBe(
      413,
    );
    expect((await raw({ params: { agentId } })).status).toBe(200);
  });
});
