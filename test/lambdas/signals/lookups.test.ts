import { beforeAll, describe, expect, it } from '@jest/globals';
import { encodePageToken } from '../../../lambdas/shared/dynamodb/page-token.ts';
import { createTables } from '../../support/tables.ts';
import { createSignalsFixture, wrapClient } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const fixture = createSignalsFixture({ now: NOW });
const { publish, ack, read, sent, ofType, register } = fixture;

const idsOf = ({ items }: { items: { signalId: string }[] }) => items.map(({ signalId }) => signalId);

beforeAll(async () => {
  await createTables();
  await register('hunter', 'risk', 'trader', 'stranger');
});

describe('a signal read by id', () => {
  it('tells its sender how far each target has come', async () => {
    const { body } = await publish('hunter', { targetAgents: ['trader', 'risk'] });
    const { leaseId } = (await ack('risk', body.signalId, { status: 'PROCESSING' })).body;
    await ack('risk', body.signalId, { status: 'FAILED', leaseId, note: 'no quote' });
    const signal = (await read('hunter', body.signalId)).body;
    expect(signal).toEqual({
      ...{ signalId: body.signalId, signalType: 'WHALE_ACTIVITY', sourceAgent: 'hunter', timestamp: NOW },
      ...{ severity: 'high', confidence: 0.85, data: { coin: 'BTC' }, expiresAt: '2096-03-02T12:00:00.000Z' },
      deliveries: [
        { targetAgent: 'risk', status: 'FAILED', attempt: 1, processedAt: NOW, note: 'no quote' },
        { targetAgent: 'trader', status: 'PENDING', attempt: 0 },
      ],
    });
  });

  it('tells a target its own delivery, and of the others their status', async () => {
    const { body } = await publish('hunter', { targetAgents: ['trader', 'risk'] });
    await ack('risk', body.signalId, { status: 'IGNORED', note: 'private' });
    expect((await read('trader', body.signalId)).body.deliveries).toEqual([
      { targetAgent: 'risk', status: 'IGNORED' },
      { targetAgent: 'trader', status: 'PENDING', attempt: 0 },
    ]);
  });

  it('does not exist for anyone else', async () => {
    const { body } = await publish('hunter', { targetAgents: ['trader'] });
    expect((await read('stranger', body.signalId)).status).toBe(404);
    expect((await read('hunter', 'nonsense')).status).toBe(404);
    expect((await read('hunter', 'NEWS-01JZZZZZZZZZZZZZZZZZZZZZZZ')).status).toBe(404);
  });
});

describe('what an agent sent', () => {
  it('is listed once a signal, newest first, page by page, with its targets', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      const timestamp = `2096-03-01T10:00:0${i}Z`;
      ids.unshift((await publish('herald', { targetAgents: ['trader', 'risk'], timestamp })).body.signalId);
    }
    const first = (await sent('herald', { maxResults: '3' })).body;
    expect(first.items[0]).toMatchObject({
      signalId: ids[0],
      targetAgents: ['risk', 'trader'],
      targetCount: 2,
      data: { coin: 'BTC' },
    });
    expect(first.consistency).toBe('eventual');
    const second = (await sent('herald', { maxResults: '3', nextToken: first.nextToken })).body;
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids);
    expect(second.nextToken).toBeNull();
  });

  it('fills a page of a hundred', async () => {
    await Promise.all(
      Array.from({ length: 102 }, (_, i) =>
        publish('prolific', { targetAgents: ['risk'], timestamp: `2096-03-01T10:00:00.${100 + i}Z` }),
      ),
    );
    const first = (await sent('prolific', { maxResults: '100' })).body;
    expect(first.items).toHaveLength(100);
    const second = (await sent('prolific', { maxResults: '100', nextToken: first.nextToken })).body;
    expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(102);
    expect(second.nextToken).toBeNull();
  });

  it('asks again for what DynamoDB left out, and not for ever', async () => {
    const { body } = await publish('unlucky', { targetAgents: ['risk'] });
    let left = 1;
    const leavingOut = createSignalsFixture({
      now: NOW,
      retries: () => true,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          if (command.constructor.name !== 'BatchGetCommand' || left-- <= 0) return send(command);
          return { Responses: {}, UnprocessedKeys: command.input['RequestItems'] };
        }),
    });
    expect(idsOf((await leavingOut.sent('unlucky')).body)).toEqual([body.signalId]);
    left = Infinity;
    expect((await leavingOut.sent('unlucky')).body.error.code).toBe('Throttled');
  });
});

describe('operators', () => {
  it('see the deliveries of one type across agents, in a range', async () => {
    const signalType = 'ACROSS';
    for (const [source, hour] of [
      ['hunter', '09'],
      ['risk', '10'],
      ['trader', '11'],
    ] as const)
      await publish(source, {
        signalType,
        targetAgents: ['stranger', 'trader'],
        timestamp: `2096-03-01T${hour}:00:00Z`,
      });
    const all = (await ofType(signalType)).body;
    expect(
      all.items.map((item: Record<string, string>) => [item['sourceAgent'], item['targetAgent']]),
    ).toEqual([
      ['trader', 'trader'],
      ['trader', 'stranger'],
      ['risk', 'trader'],
      ['risk', 'stranger'],
      ['hunter', 'trader'],
      ['hunter', 'stranger'],
    ]);
    expect(all).not.toHaveProperty('consistency');
    const range = { from: '2096-03-01T09:00:00Z', to: '2096-03-01T10:00:00Z' };
    const first = (await ofType(signalType, { ...range, maxResults: '3' })).body;
    const second = (await ofType(signalType, { ...range, maxResults: '3', nextToken: first.nextToken })).body;
    expect([...first.items, ...second.items]).toEqual(all.items.slice(2));
    expect(second.nextToken).toBeNull();
  });

  it('are told when a range is none', async () => {
    const range = { from: '2096-03-02T00:00:00Z', to: '2096-03-01T00:00:00Z' };
    expect((await ofType('ACROSS', range)).body.error.issues).toEqual([
      { path: 'from', message: 'must not be after to' },
    ]);
  });

  it.each([
    'elsewhere',
    '2096-03-01T09:00:00.000Z#OTHER-01JZZZZZZZZZZZZZZZZZZZZZZZ#x',
    17,
    // A delivery of the type, but outside of the range that is asked for.
    'outside',
  ])('cannot go on from %j', async (position) => {
    const { body } = await publish('hunter', {
      signalType: 'ACROSS',
      targetAgents: ['risk'],
      timestamp: '2096-02-01T00:00:00Z',
    });
    const from = '2096-03-01T00:00:00.000Z';
    const token = encodePageToken(
      { list: 'type', signalType: 'ACROSS', from, to: undefined },
      position === 'outside' ? `${body.timestamp}#${body.signalId}#risk` : position,
    );
    const answer = await ofType('ACROSS', { from, nextToken: token });
    expect(answer.body.error.issues).toEqual([
      { path: 'nextToken', message: 'is not a token of this service' },
    ]);
  });
});
