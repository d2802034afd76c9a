import { beforeAll, describe, expect, it } from '@jest/globals';
import { HOUR_MS, SECOND_MS } from '../../../lambdas/shared/platform/clock.ts';
import { createTables } from '../../support/tables.ts';
import { createSignalsFixture, wrapClient } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const WORKERS = 20;
const SIGNALS = 200;

/** Index reads as they were up to eight reads ago: what a lagging index shows, old and new mixed among the readers. */
function lagging() {
  const snapshots = new Map<string, Record<string, unknown>[]>();
  let reads = 0;
  return createSignalsFixture({
    now: NOW,
    documents: (real) =>
      wrapClient(real, async (command, send) => {
        const answer = await send(command);
        if (command.input['IndexName'] === undefined) return answer;
        const key = JSON.stringify([command.input['ExpressionAttributeValues'], command.input['Limit']]);
        const past = snapshots.get(key) ?? [];
        snapshots.set(key, [...past, answer].slice(-9));
        return past.length > 0 ? past[reads++ % past.length]! : answer;
      }),
  });
}

async function publishAll(fixture: ReturnType<typeof createSignalsFixture>, target: string) {
  await fixture.register(target);
  const ids: string[] = [];
  // In tens: two hundred connections at once are no part of the question.
  for (let i = 0; i < SIGNALS; i += 10) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, j) =>
        fixture.publish('hunter', { targetAgents: [target], data: { i: i + j } }),
      ),
    );
    ids.push(...answers.map(({ body }) => body.signalId as string));
  }
  return ids;
}

beforeAll(() => createTables());

describe.each([
  ['a current index', () => createSignalsFixture({ now: NOW })],
  ['an index that lags', lagging],
])('twenty workers of one agent on %s', (name, create) => {
  it('process every signal once', async () => {
    const fixture = create();
    const target = `team-${name.replaceAll(' ', '-')}`;
    const ids = await publishAll(fixture, target);
    const claimed: string[] = [];
    const processed: string[] = [];
    const statuses = new Set<number>();

    const worker = async () => {
      // An index that lags goes on showing what is done: an inbox without anything to win has to be seen often.
      for (let idle = 0; idle < 100 && processed.length < SIGNALS; idle++) {
        const { items } = (await fixture.inbox(target, { maxResults: '40' })).body;
        const pending = items.filter((item: { status: string }) => item.status === 'PENDING');
        // Workers begin at different places, as they would not to fight over the same signal.
        pending.sort(() => Math.random() - 0.5);
        for (const { signalId } of pending.slice(0, 5)) {
          const claim = await fixture.ack(target, signalId, { status: 'PROCESSING' });
          statuses.add(claim.status);
          if (claim.status !== 200) continue;
          idle = 0;
          claimed.push(signalId);
          const done = await fixture.ack(target, signalId, {
            status: 'PROCESSED',
            leaseId: claim.body.leaseId,
          });
          statuses.add(done.status);
          if (done.status === 200) processed.push(signalId);
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));

    expect([...statuses].sort()).toEqual([200, 409]);
    expect(processed.toSorted()).toEqual(ids.toSorted());
    expect(claimed.toSorted()).toEqual(ids.toSorted());
    const { inbox } = createSignalsFixture({ now: NOW });
    expect((await inbox(target)).body.items).toEqual([]);
    expect((await inbox(target, { status: 'PROCESSED', maxResults: '100' })).body.items).toHaveLength(100);
  });
});

describe('a worker that dies', () => {
  it('gives its delivery back when its lease is over, and nobody loses or doubles it', async () => {
    const fixture = createSignalsFixture({ now: NOW });
    await fixture.register('crew');
    const { signalId } = (await fixture.publish('hunter', { targetAgents: ['crew'] })).body;
    const attempt = () => fixture.ack('crew', signalId, { status: 'PROCESSING', leaseSeconds: 30 });
    const race = async () =>
      (await Promise.all(Array.from({ length: WORKERS }, attempt))).filter(({ status }) => status === 200);

    const [dead, ...others] = await race();
    expect(others).toEqual([]);
    fixture.runtime.advance(30 * SECOND_MS);
    const [heir, ...more] = await race();
    expect(more).toEqual([]);
    expect(heir!.body.attempt).toBe(2);

    const close = (leaseId: string) => fixture.ack('crew', signalId, { status: 'PROCESSED', leaseId });
    const [late, inTime] = await Promise.all([close(dead!.body.leaseId), close(heir!.body.leaseId)]);
    expect([late.status, inTime.status]).toEqual([409, 200]);
    fixture.runtime.advance(HOUR_MS);
    expect((await attempt()).status).toBe(409);
  });

  it('closing at once with different words, one wins', async () => {
    const fixture = createSignalsFixture({ now: NOW });
    await fixture.register('duo');
    const { signalId } = (await fixture.publish('hunter', { targetAgents: ['duo'] })).body;
    const answers = await Promise.all(
      ['PROCESSED', 'FAILED', 'IGNORED'].map((status) => fixture.ack('duo', signalId, { status })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const winner = answers.find(({ status }) => status === 200)!.body.status;
    const { deliveries } = (await fixture.read('hunter', signalId)).body;
    expect(deliveries).toMatchObject([{ status: winner }]);
  });
});
