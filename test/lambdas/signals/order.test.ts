import { beforeAll, describe, expect, it } from '@jest/globals';
import { risingPart, ulid } from '../../../lambdas/shared/platform/ids.ts';
import { createTables } from '../../support/tables.ts';
import { createApi } from '../decisions/support.ts';
import { createSignalsFixture } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';

beforeAll(() => createTables());

describe('ids of one instance', () => {
  const at = (milliseconds: number) => new Date(milliseconds);

  it('rise within a millisecond, also where milliseconds take turns', () => {
    const next = risingPart(() => new Uint8Array(10).fill(255));
    const made = Array.from({ length: 600 }, (_, i) => ulid(at(i % 3), next(at(i % 3))));
    for (const turn of [0, 1, 2]) {
      const ids = made.filter((_, i) => i % 3 === turn);
      expect(new Set(ids).size).toBe(200);
      expect(ids).toEqual(ids.toSorted());
    }
  });

  it('are drawn for each millisecond, and rise over a byte that is full', () => {
    let draws = 0;
    const next = risingPart(() => {
      draws++;
      return new Uint8Array([255, 0, 0, 0, 0, 0, 0, 0, 255, 254]);
    });
    expect([...next(at(1))]).toEqual([127, 0, 0, 0, 0, 0, 0, 0, 255, 254]);
    expect([...next(at(1))].slice(7)).toEqual([0, 255, 255]);
    expect([...next(at(1))].slice(7)).toEqual([1, 0, 0]);
    next(at(2));
    expect(draws).toBe(2);
  });

  it('remember a thousand milliseconds, those used last', () => {
    let draws = 0;
    const next = risingPart(() => new Uint8Array(10).fill(draws++ % 100));
    for (let i = 0; i < 1_000; i++) next(at(i));
    next(at(0));
    next(at(1_000));
    next(at(0));
    expect(draws).toBe(1_001);
    next(at(1));
    expect(draws).toBe(1_002);
  });
});

describe('signals at the same timestamp', () => {
  it('are listed in the order of publishing, newest first, whatever their types', async () => {
    const { publish, inbox, register } = createSignalsFixture({ now: NOW });
    await register('orderly');
    const told: string[] = [];
    for (let i = 0; i < 30; i++) {
      const signalType = ['NEWS', 'ALARM', 'WHALE_ACTIVITY'][i % 3]!;
      const { body } = await publish('hunter', { targetAgents: ['orderly'], signalType });
      told.push(body.signalId);
    }
    const { items } = (await inbox('orderly', { maxResults: '100' })).body;
    expect(items.map(({ signalId }: { signalId: string }) => signalId)).toEqual(told.toReversed());
  });
});

describe('decisions of one batch at the same timestamp', () => {
  it('keep their order', async () => {
    const api = createApi();
    const timestamp = '2026-03-01T09:30:00.000Z';
    const decisions = Array.from({ length: 60 }, (_, n) => ({
      decisionType: 'RISK_ASSESSMENT',
      context: { n },
      timestamp,
    }));
    const { items } = (
      await api.call('logDecisions', { params: { agentId: 'batcher' }, body: { decisions } })
    ).body as { items: { decisionId: string; context: { n: number } }[] };
    const ids = items.map(({ decisionId }) => decisionId);
    expect(items.map(({ context }) => context.n)).toEqual(decisions.map(({ context }) => context.n));
    expect(ids).toEqual(ids.toSorted());
  });
});
