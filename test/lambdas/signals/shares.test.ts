import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SECOND_MS } from '../../../lambdas/shared/platform/clock.ts';
import {
  firstMark,
  FirstPage,
  isShown,
  laneOf,
  type Listed,
  shareOf,
} from '../../../lambdas/signals/inbox-shares.ts';
import type { Delivery } from '../../../lambdas/signals/signal.ts';
import { createTables } from '../../support/tables.ts';
import { createSignalsFixture } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const fixture = createSignalsFixture({ now: NOW });
const { publish, inbox, ack, register, runtime } = fixture;

interface Shown {
  readonly signalId: string;
  readonly sourceAgent: string;
  readonly severity: string;
  readonly signalType: string;
}

let agents = 0;
/** An inbox of its own; each signal is a millisecond newer than the one before. */
async function anInbox() {
  const agent = `reader-${agents++}`;
  await register(agent);
  const told: string[] = [];
  const tell = async (source: string, count: number, body: object = {}) => {
    for (let i = 0; i < count; i++) {
      runtime.advance(1);
      told.push((await publish(source, { targetAgents: [agent], severity: 'info', ...body })).body.signalId);
    }
  };
  const page = async (query: Record<string, string> = {}) =>
    (await inbox(agent, query)).body as { items: Shown[]; nextToken: string | null };
  /** @param between called after each page */
  const allPages = async (query: Record<string, string> = {}, between?: (page: Shown[]) => Promise<void>) => {
    const pages: Shown[][] = [];
    let nextToken: string | undefined;
    do {
      const { items, nextToken: next } = await page({ ...query, ...(nextToken && { nextToken }) });
      pages.push(items);
      await between?.(items);
      nextToken = next ?? undefined;
    } while (nextToken);
    return pages;
  };
  return { agent, told, tell, page, allPages };
}

const idsOf = (items: readonly Shown[]) => items.map(({ signalId }) => signalId);
const sourcesOf = (items: readonly Shown[]) => new Set(items.map(({ sourceAgent }) => sourceAgent));

beforeAll(() => createTables());

describe('an inbox that one source floods', () => {
  it('shows the alarm behind 240 signals on its first page, and every signal once', async () => {
    const { told, tell, page, allPages } = await anInbox();
    await tell('guard', 1, { severity: 'critical', signalType: 'FIRE' });
    await tell('spammer', 240);
    const first = await page();
    expect(first.items).toHaveLength(20);
    expect(first.items.filter(({ signalType }) => signalType === 'FIRE')).toHaveLength(1);
    // Newest first, as ever: the flood gives up its oldest place.
    expect(idsOf(first.items)).toEqual([...told.slice(-19).toReversed(), told[0]]);
    for (const maxResults of ['1', '7', '20', '100']) {
      const pages = await allPages({ maxResults });
      expect(pages.flatMap(idsOf).toSorted()).toEqual(told.toSorted());
      if (maxResults !== '1') expect(sourcesOf(pages[0]!)).toContain('guard');
      const later = pages.slice(1).flatMap(idsOf);
      expect(later).toEqual(told.filter((id) => later.includes(id)).toReversed());
    }
  });

  it('shows the urgent news of the flooding source itself', async () => {
    const { tell, page, told, allPages } = await anInbox();
    await tell('monitor', 1, { severity: 'high', signalType: 'DISK_FULL' });
    await tell('monitor', 150);
    expect((await page()).items.map(({ signalType }) => signalType)).toContain('DISK_FULL');
    expect((await allPages({ maxResults: '10' })).flatMap(idsOf).toSorted()).toEqual(told.toSorted());
  });

  it('leaves room for others where three sources flood, each with urgent news', async () => {
    const { tell, page, told, allPages } = await anInbox();
    await tell('quiet-1', 2);
    await tell('quiet-2', 1);
    for (let i = 0; i < 30; i++)
      for (const source of ['flood-1', 'flood-2', 'flood-3']) await tell(source, 1, { severity: 'critical' });
    const { items } = await page();
    expect(items).toHaveLength(20);
    expect(sourcesOf(items)).toEqual(new Set(['flood-1', 'flood-2', 'flood-3', 'quiet-1', 'quiet-2']));
    for (const maxResults of ['3', '20'])
      expect((await allPages({ maxResults })).flatMap(idsOf).toSorted()).toEqual(told.toSorted());
  });

  it('is read to its end by a worker that closes what it is shown, page after page', async () => {
    const { agent, tell, allPages, told, page } = await anInbox();
    await tell('guard', 3, { severity: 'critical' });
    await tell('spammer', 60);
    const seen: string[] = [];
    await allPages({ maxResults: '10' }, async (items) => {
      for (const { signalId } of items) {
        seen.push(signalId);
        expect((await ack(agent, signalId, { status: 'IGNORED' })).status).toBe(200);
      }
    });
    expect(seen.toSorted()).toEqual(told.toSorted());
    expect((await page()).items).toEqual([]);
  });

  it('shares a list of one type or status likewise', async () => {
    const { agent, tell, page, told } = await anInbox();
    await tell('guard', 1, { signalType: 'NEWS' });
    await tell('guard', 1, { signalType: 'OTHER' });
    await tell('spammer', 120, { signalType: 'NEWS' });
    const first = await page({ signalType: 'NEWS', maxResults: '8' });
    expect(first.items.map(({ sourceAgent, signalType }) => `${sourceAgent} ${signalType}`)).toEqual([
      ...Array<string>(7).fill('spammer NEWS'),
      'guard NEWS',
    ]);
    await ack(agent, told[0]!, { status: 'PROCESSING' });
    expect(sourcesOf((await page({ status: 'PENDING', maxResults: '8' })).items)).toContain('guard');
    expect((await page({ status: 'PROCESSING' })).items).toHaveLength(1);
  });

  it('does not take in what has expired', async () => {
    const { tell, page } = await anInbox();
    await tell('guard', 1, { ttlSeconds: 1 });
    await tell('spammer', 50);
    runtime.advance(2 * SECOND_MS);
    expect(sourcesOf((await page()).items)).toEqual(new Set(['spammer']));
  });

  it('goes on from a token of the last version', async () => {
    const { told, tell, page } = await anInbox();
    await tell('guard', 1);
    await tell('spammer', 9);
    // A page without gaps has the token it always had.
    const { nextToken } = await page({ maxResults: '9', signalType: 'WHALE_ACTIVITY', status: 'PROCESSED' });
    expect(nextToken).toBeNull();
    const only = await anInbox();
    await only.tell('spammer', 5);
    const first = await only.page({ maxResults: '2' });
    const [version, , position] = JSON.parse(
      Buffer.from(first.nextToken!, 'base64url').toString(),
    ) as unknown[];
    expect([version, typeof position]).toEqual([1, 'string']);
    expect(told).toHaveLength(10);
  });

  it.each([[['x', {}]], [[1, 2]], [{}], [['2096', { until: 'x', held: [] }]]])(
    'refuses %j as the position of a token',
    async (position) => {
      const { page, tell, agent } = await anInbox();
      await tell('spammer', 3);
      const { nextToken } = await page({ maxResults: '1' });
      const parts = JSON.parse(Buffer.from(nextToken!, 'base64url').toString()) as unknown[];
      const forged = Buffer.from(JSON.stringify([parts[0], parts[1], position])).toString('base64url');
      const answer = await inbox(agent, { nextToken: forged });
      expect(answer.body.error.issues[0].path).toBe('nextToken');
    },
  );
});

describe('a first page', () => {
  const deliveries = fc.array(
    fc.record({
      sourceAgent: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      severity: fc.constantFrom('critical', 'info'),
    }),
    { maxLength: 60 },
  );
  const listed = (drawn: readonly object[]): Listed[] =>
    drawn.map((value, i) => ({ sortKey: String(i).padStart(4, '0'), value: value as Delivery })).toReversed();

  it('and the pages after it show each delivery once, whatever is closed between them', () => {
    fc.assert(
      fc.property(deliveries, fc.integer({ min: 1, max: 12 }), (drawn, maxResults) => {
        const all = listed(drawn);
        const newest = all.slice(0, maxResults);
        const page = new FirstPage(newest, maxResults);
        for (const one of all.slice(maxResults)) page.offer(one);
        const shown = page.shown();
        expect(shown).toHaveLength(newest.length);
        const marks = page.marks();
        if (!marks) {
          expect(shown).toEqual(newest);
          return;
        }
        const later = all.filter((one) => one.sortKey < firstMark(marks) && !isShown(marks, one));
        expect([...shown, ...later].map(({ sortKey }) => sortKey).toSorted()).toEqual(
          all.map(({ sortKey }) => sortKey).toSorted(),
        );
        expect(marks.held.length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('gives no lane more than its share while another has less and waits', () => {
    fc.assert(
      fc.property(deliveries, fc.integer({ min: 1, max: 12 }), (drawn, maxResults) => {
        const all = listed(drawn);
        const page = new FirstPage(all.slice(0, maxResults), maxResults);
        for (const one of all.slice(maxResults)) page.offer(one);
        const nameOf = ({ value }: Listed) => JSON.stringify(laneOf(value));
        const counts = new Map<string, number>();
        for (const one of page.shown()) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
        if (Math.max(0, ...counts.values()) <= shareOf(maxResults)) return;
        const shown = new Set(page.shown());
        const waiting = all.filter((one) => !shown.has(one));
        for (const one of waiting)
          expect(counts.get(nameOf(one)) ?? 0).toBeGreaterThanOrEqual(shareOf(maxResults));
      }),
    );
  });
});
