import { beforeAll, describe, expect, it } from '@jest/globals';
import { BatchGetCommand, DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ExposureLog } from '../../../lambdas/exposures/exposure-log.ts';
import { toItem } from '../../../lambdas/exposures/table.ts';
import { ErasedMarks } from '../../../lambdas/shared/erased-marks.ts';
import { AccessCounts } from '../../../lambdas/memories/access-counts.ts';
import { HEAD, messageSortKey, sessionPartition, summaryToItem } from '../../../lambdas/sessions/table.ts';
import { type ConsumedUnits, meterCapacity } from '../../../lambdas/shared/dynamodb/capacity-meter.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { MINUTE_MS, toTtl } from '../../../lambdas/shared/platform/clock.ts';
import { intercept } from '../../support/faults.ts';
import { PARTITION_KEY, SORT_KEY } from '../../../lambdas/shared/schema/tables.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { createApi, NOW } from '../decisions/support.ts';
import { createMemoriesFixture } from '../memories/fixture.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createSignalsFixture } from '../signals/fixture.ts';
import { createContextFixture } from './fixture.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const agentId = 'hunter';
const data = createUnrecordedRuntime({ now: NOW });
const sessions = createSessionsFixture({ now: NOW });
const signals = createSignalsFixture({ now: NOW });
const decisions = createApi();
const context = createContextFixture({ now: NOW });
const exposures = new ExposureLog(new Table(data.documents, tableName('state'), data.clock));

/** What the summarizer would have left of a session's first messages. */
const summarize = (sessionId: string, throughSeq: number, text: string) =>
  data.documents.send(
    new PutCommand({
      TableName: tableName('state'),
      Item: summaryToItem(
        { agentId, sessionId },
        { content: { by: 'test', text }, throughSeq, updatedAt: NOW },
        toTtl(Date.parse(NOW) + 1e9),
      ),
    }),
  );

let sessionId: string;
let earlier: string;

beforeAll(async () => {
  await createTables();
  await logDecisions(data, agentId, plantedRule(NOW));
  await createPipeline({ now: NOW }).run({ agentId });
  await signals.register('scout', agentId);
  earlier = await sessions.open(agentId, { topic: 'BTC-USD', userId: 'anna' });
  await sessions.say(agentId, earlier, 'What moved it?');
  await summarize(earlier, 1, 'Anna sold her bitcoin at 61,200 after the whale alert.');
  await sessions.open(agentId, { topic: 'ETH-USD' });
  sessionId = await sessions.open(agentId, { topic: 'btc-usd', userId: 'anna' });
  for (let i = 1; i <= 12; i++)
    await sessions.say(agentId, sessionId, `Message number ${i} on the whale.`, i % 2 ? 'user' : 'assistant');
  await summarize(sessionId, 4, 'Anna asked whether the whale is still buying.');
  await signals.publish('scout', { targetAgents: [agentId], severity: 'low', signalType: 'NEWS' });
  await signals.publish('scout', {
    targetAgents: [agentId],
    severity: 'critical',
    recommendedAction: 'Sell.',
  });
});

describe('a context', () => {
  it('brings the session, what is relevant, what was learned and what waits, within the budget', async () => {
    const { status, body } = await context.ask(agentId, {
      sessionId,
      situation: { market: { trend: 'up' } },
      decisionType: 'SIGNAL_GENERATION',
    });
    expect(status).toBe(200);
    expect(body.degraded).toEqual([]);
    expect(body.immediate).toMatchObject({
      sessionId,
      status: 'active',
      topic: 'btc-usd',
      userId: 'anna',
      omitted: 0,
      summary: { text: 'Anna asked whether the whale is still buying.', throughSeq: 4, cut: false },
    });
    expect(body.immediate.messages.map(({ seq }: { seq: number }) => seq)).toEqual([
      5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect(body.insights).toMatchObject([{ ref: 'p1', advice: 'repeat', n: 30, rate: 0.9 }]);
    expect(body.insights[0].text).toBe(
      'SIGNAL_GENERATION with market.trend = up succeeded in 90 % of 30 (at least 74 %; all: 55 %)',
    );
    expect(body.signals.map(({ severity }: { severity: string }) => severity)).toEqual(['critical', 'low']);
    expect(body.relevant.length).toBeGreaterThan(1);
    expect(body.relevant.length).toBeLessThanOrEqual(10);
    expect(body.relevant).toContainEqual(expect.objectContaining({ kind: 'session', id: earlier }));
    for (const { text } of [...body.relevant, ...body.insights, ...body.signals])
      expect(body.text).toContain(text);
    const { immediate, relevant, insights, signals: waiting, total, budget } = body.tokens;
    expect(total).toBeLessThanOrEqual(budget);
    expect(budget).toBe(2_700);
    expect(immediate + relevant + insights + waiting).toBeLessThanOrEqual(total);
    expect(body.text).toContain(
      '\n<session>\nactive session with anna about btc-usd\n' +
        'summary of messages up to 4: Anna asked whether the whale is still buying.\n' +
        'user: Message number 5 on the whale.\n',
    );
    expect(body.text).toContain(
      '\n<insights>\n[p1] repeat: SIGNAL_GENERATION with market.trend = up succeeded in 90 % of 30',
    );
    expect(
      body.text.endsWith('[s2] low NEWS from scout, now: coin = BTC (confidence 0.85)\n</signals>'),
    ).toBe(true);
  });

  it('puts first what happened in the situation asked about, and says the same thing once', async () => {
    const { body } = await context.ask(agentId, {
      situation: { market: { trend: 'down' }, asset: 'SOL' },
      budgets: { relevant: 2_000 },
    });
    const [first, second] = body.relevant;
    for (const { text } of [first, second]) expect(text).toContain('market.trend = down, asset = SOL');
    expect(first.endings.success + first.endings.failure).toBe(5);
    expect(first.why.relevance).toBe(1);
    expect(first.score).toBeCloseTo(first.why.relevance * first.why.recency * first.why.outcome);
    expect(new Set(body.relevant.map(({ text }: { text: string }) => text)).size).toBe(body.relevant.length);
    expect(body.immediate).toBeNull();
  });

  it('shows the outcome of a decision that was open when the instance first saw it', async () => {
    const instance = createContextFixture({ now: NOW });
    const ask = async () =>
      (await instance.ask('late', { situation: { key: 'rare-7' } })).body.relevant.map(
        ({ endings }: { endings: object }) => endings,
      );
    const logged = await decisions.log('late', { context: { key: 'rare-7' }, timestamp: NOW });
    expect(await ask()).toEqual([{ success: 0, failure: 0, unknown: 1 }]);
    await decisions.outcome('late', logged.body.decisionId, { status: 'failure' });
    expect(await ask()).toEqual([{ success: 0, failure: 1, unknown: 0 }]);
    // One that is not the newest is asked for again after half a minute.
    const next = await decisions.log('late', { context: { key: 'other' }, timestamp: NOW });
    await decisions.outcome('late', logged.body.decisionId, { status: 'success' });
    instance.runtime.advance(31_000);
    expect(await ask()).toEqual([{ success: 1, failure: 0, unknown: 0 }]);
    await decisions.outcome('late', next.body.decisionId, { status: 'voided' });
    instance.runtime.advance(31_000);
    expect((await instance.ask('late', { situation: { key: 'other' } })).body.relevant).toEqual([]);
  });

  it('is empty for an agent that has nothing, and leaves nothing behind', async () => {
    const { body } = await context.ask('nobody');
    expect(body).toMatchObject({
      text: '',
      tokens: { total: 0 },
      immediate: null,
      relevant: [],
      insights: [],
      signals: [],
      degraded: [],
      exposureId: null,
    });
  });

  it('of a session that has expired is still what was said, and says that it has', async () => {
    const late = createContextFixture({ now: new Date(Date.parse(NOW) + 3_600_000).toISOString() });
    const { body } = await late.ask(agentId, { sessionId });
    expect(body.immediate).toMatchObject({ status: 'expired', messages: { length: 8 } });
    expect(body.text).toContain('\nexpired session with anna');
  });

  it('brings memories of the agent and those shared with it, of the week or lasting, and counts them as read', async () => {
    const memories = createMemoriesFixture({ now: NOW });
    await memories.register('keeper', 'other');
    const saved = async (agent: string, body: object): Promise<string> =>
      (await memories.save(agent, body)).body.memoryId;
    const rule = await saved('keeper', {
      memoryType: 'RULE',
      content: 'Never refund a basic economy ticket.',
    });
    const seen = await saved('keeper', {
      content: 'The refund desk was closed today.',
      outcome: { status: 'failure' },
    });
    await saved('keeper', { content: 'Rain in Lisbon.' });
    const shared = await saved('other', { memoryType: 'INSIGHT', content: 'A refund takes 14 days.' });
    await memories.share('other', shared, { with: ['keeper'] });
    const instance = createContextFixture({ now: NOW });
    const { body } = await instance.ask('keeper', { query: 'Can I refund this ticket?' });
    expect(body.degraded).toEqual([]);
    expect(body.relevant.map(({ id }: { id: string }) => id).sort()).toEqual([rule, seen, shared].sort());
    expect(body.text).toContain('memory OBSERVATION, failure, now: The refund desk was closed today.');
    expect(body.text).toContain('memory INSIGHT of other, now: A refund takes 14 days.');
    const exposure = await exposures.find('keeper', body.exposureId);
    expect([...exposure!.memories!].sort()).toEqual([rule, seen, shared].sort());

    instance.runtime.advance(61_000);
    await instance.ask('keeper', { query: 'ticket' });
    const erased = new ErasedMarks(new Table(data.documents, tableName('state'), data.clock));
    const counts = new AccessCounts(
      new Table(data.documents, tableName('memory'), data.clock),
      data.randomPart,
      erased,
    );
    const { memories: read } = await counts.read('keeper', new Date(Date.parse(NOW) + 120_000));
    expect(read.get(rule)?.count).toBe(2);
    // What was said eight days ago has passed; a rule holds.
    const later = createContextFixture({ now: new Date(Date.parse(NOW) + 8 * 86_400_000).toISOString() });
    const after = await later.ask('keeper', { query: 'refund ticket' });
    expect(after.body.relevant.map(({ id }: { id: string }) => id).sort()).toEqual([rule, shared].sort());
  });

  it('shows nothing that is no longer shared or says something else, and finds what is newly shared in a minute', async () => {
    const memories = createMemoriesFixture({ now: NOW });
    await memories.register('reader', 'writer');
    const share = async (content: string): Promise<string> => {
      const { body } = await memories.save('writer', { memoryType: 'INSIGHT', content });
      await memories.share('writer', body.memoryId, { with: ['reader'] });
      return body.memoryId;
    };
    const withdrawn = await share('Lisbon flights are late.');
    const changed = await share('Lisbon hotels are full.');
    const kept = await share('Lisbon trams are slow.');
    const instance = createContextFixture({ now: NOW });
    const shown = async () => {
      const { body } = await instance.ask('reader', { query: 'Lisbon' });
      return body.relevant.map(({ id }: { id: string }) => id).sort();
    };
    expect(await shown()).toEqual([withdrawn, changed, kept].sort());
    await memories.share('writer', withdrawn, { with: [] });
    const { body } = await memories.get('writer', changed);
    await memories.update('writer', changed, {
      content: 'Lisbon hotels are empty.',
      expectedVersion: body.version,
    });
    const added = await share('Lisbon museums are free.');
    expect(await shown()).toEqual([kept]);
    instance.runtime.advance(61_000);
    expect(await shown()).toEqual([changed, kept, added].sort());
  });

  it('says once what an earlier session left to memory and to its summary', async () => {
    const before = await sessions.open('once', { topic: 'BTC-USD' });
    await sessions.say('once', before, 'Decided: sell at 61,900.');
    expect((await sessions.end('once', before)).status).toBe(200);
    const next = await sessions.open('once', { topic: 'BTC-USD' });
    const { body } = await createContextFixture({ now: NOW }).ask('once', { sessionId: next });
    expect(body.relevant.map(({ kind, text }: { kind: string; text: string }) => [kind, text])).toEqual([
      ['memory', expect.stringContaining('Decided: sell at 61,900.')],
    ]);
  });

  it('lets messages stand in while the summary is late', async () => {
    const fresh = await sessions.open('talker', { topic: 'refund' });
    for (let i = 1; i <= 20; i++) await sessions.say('talker', fresh, `Message ${i}.`);
    const { body } = await context.ask('talker', { sessionId: fresh });
    expect(body.immediate).toMatchObject({ summary: null, omitted: 0, messages: { length: 20 } });
    expect(body.degraded).toEqual([]);
    // The first append may have failed: then its number is not used, and nothing is missing.
    await data.documents.send(
      new DeleteCommand({
        TableName: tableName('state'),
        Key: { [PARTITION_KEY]: sessionPartition('talker', fresh), [SORT_KEY]: messageSortKey(1) },
      }),
    );
    const without = (await context.ask('talker', { sessionId: fresh })).body;
    expect([without.degraded, without.immediate.messages.length]).toEqual([[], 19]);
    // More than are read to catch up.
    for (let i = 21; i <= 60; i++) await sessions.say('talker', fresh, `Message ${i}.`);
    const late = (await context.ask('talker', { sessionId: fresh })).body;
    expect([late.degraded, late.immediate.messages.length]).toEqual([['summary'], 58]);
  });
});

describe('what was shown', () => {
  it('is recorded for one write unit, with the id of every record, and a decision can name it', async () => {
    const { body } = await context.ask(agentId, { sessionId, situation: { market: { trend: 'up' } } });
    const ids = (kind: string) =>
      body.relevant.flatMap((item: { kind: string; id: string }) => (item.kind === kind ? [item.id] : []));
    const exposure = await exposures.find(agentId, body.exposureId);
    expect(exposure).toEqual({
      agentId,
      exposureId: body.exposureId,
      kind: 'context',
      timestamp: NOW,
      patterns: { [body.insights[0].patternId]: 1 },
      decisions: ids('decision'),
      sessions: [sessionId, ...ids('session')],
      signals: body.signals.map((item: { signalId: string }) => item.signalId),
    });
    expect(itemBytes(toItem(exposure!))).toBeLessThanOrEqual(1024);
    const logged = await decisions.log(agentId, { exposureId: body.exposureId });
    expect(logged.body.patternsShown).toEqual([body.insights[0].patternId]);
  });

  it('costs a warm instance five requests, two and a half units read and one written; one more a minute', async () => {
    const { save } = createMemoriesFixture({ now: NOW });
    await save('warm', { content: 'The whale trend is up.' });
    await decisions.log('warm', { context: { market: { trend: 'up' } }, timestamp: NOW });
    const own = await sessions.open('warm', { topic: 'whale' });
    await sessions.say('warm', own, 'Is the trend up?');
    let units = (): ConsumedUnits => ({ readUnits: 0, writeUnits: 0 });
    const sent: string[] = [];
    const instance = createContextFixture({
      now: NOW,
      documents: (real) => {
        units = meterCapacity(real);
        return intercept((command, pass) => {
          sent.push(command.constructor.name);
          return pass(command);
        })(real);
      },
    });
    const ask = async () => {
      sent.length = 0;
      units();
      const { body } = await instance.ask('warm', { sessionId: own, situation: { market: { trend: 'up' } } });
      expect(body.degraded).toEqual([]);
      expect(body.relevant.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['decision', 'memory']);
      return { ...units(), requests: sent.length };
    };
    await ask();
    // Session, signals, news of decisions, news of memories; then what was shown.
    expect(await ask()).toEqual({ requests: 5, readUnits: 2.5, writeUnits: 1 });
    // How often memories were read, once a minute.
    instance.runtime.advance(61_000);
    expect((await ask()).writeUnits).toBe(2);
    expect(await ask()).toEqual({ requests: 5, readUnits: 2.5, writeUnits: 1 });
  });

  it('asks for the session itself once, also where it is on the list of those on its topic', async () => {
    const heads: unknown[] = [];
    const documents = intercept((command, pass) => {
      if (command instanceof BatchGetCommand)
        for (const { Keys } of Object.values(command.input.RequestItems ?? {}))
          heads.push(...Keys!.filter(({ [SORT_KEY]: key }) => key === HEAD));
      return pass(command);
    });
    const fixture = createContextFixture({ now: NOW, documents });
    const ask = () => fixture.ask(agentId, { sessionId, query: 'whale' });
    const first = await ask();
    const own = { [PARTITION_KEY]: sessionPartition(agentId, sessionId), [SORT_KEY]: HEAD };
    expect(heads.splice(0)).not.toContainEqual(own);
    // The second time the list is asked for before the session is there.
    fixture.runtime.advance(2 * MINUTE_MS);
    const second = await ask();
    expect(heads).not.toContainEqual(own);
    expect(heads.length).toBeGreaterThan(0);
    const earlierOf = ({ body }: typeof first) =>
      body.relevant
        .filter(({ kind }: { kind: string }) => kind === 'session')
        .map(({ id }: { id: string }) => id);
    expect(earlierOf(second)).toEqual([earlier]);
    expect(earlierOf(second)).toEqual(earlierOf(first));
  });

  it('is not recorded when the agent is only looking', async () => {
    const { body } = await context.ask(agentId, { sessionId, record: false });
    expect(body).toMatchObject({ exposureId: null, degraded: [] });
  });
});
