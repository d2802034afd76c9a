import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTables } from '../../support/tables.ts';
import { createApi, type DecisionsApi, hoursAgo, NOW } from './support.ts';

beforeAll(() => createTables());

/** One query for each partition a list may read. */
const everyIndex: Record<string, string>[] = [
  {},
  { decisionType: 'RISK_ASSESSMENT' },
  { outcome: 'pending' },
];

interface Listed {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly status: string;
}

interface Page {
  readonly items: Listed[];
  readonly nextToken: string | null;
}

const logMany = async (api: DecisionsApi, agentId: string, decisions: Record<string, unknown>[]) => {
  const { body } = await api.call('logDecisions', {
    params: { agentId },
    body: { decisions: decisions.map((row) => ({ decisionType: 'RISK_ASSESSMENT', context: {}, ...row })) },
  });
  expect(body.failed).toEqual([]);
  return body.items as (Listed & { decisionType: string; sessionId?: string })[];
};

/** Every page of a list, and how many there were. */
const all = async (page: (query: Record<string, string>) => Promise<Page>) => {
  const items: Listed[] = [];
  let pages = 0;
  let nextToken: string | null = null;
  do {
    const answer: Page = await page(nextToken ? { nextToken } : {});
    items.push(...answer.items);
    nextToken = answer.nextToken;
    pages++;
  } while (nextToken && pages < 200);
  return { items, pages };
};

describe('the list of an agent', () => {
  const api = createApi();

  it('shows summaries, newest first', async () => {
    await logMany(api, 'summaries', [
      { timestamp: hoursAgo(2), context: { secret: 1 } },
      {
        timestamp: hoursAgo(1),
        action: 'hold',
        sessionId: 'session-9',
        tags: ['a'],
        reasoning: { confidence: 0.5 },
        outcome: { status: 'success', qualityScore: 0.25 },
      },
    ]);
    const { body } = await api.list('summaries');
    expect(body).toMatchObject({ nextToken: null, consistency: 'eventual' });
    expect(body.items).toEqual([
      {
        agentId: 'summaries',
        decisionId: expect.any(String),
        decisionType: 'RISK_ASSESSMENT',
        timestamp: hoursAgo(1),
        status: 'success',
        action: 'hold',
        sessionId: 'session-9',
        tags: ['a'],
        confidence: 0.5,
        qualityScore: 0.25,
      },
      {
        agentId: 'summaries',
        decisionId: expect.any(String),
        decisionType: 'RISK_ASSESSMENT',
        timestamp: hoursAgo(2),
        status: 'pending',
      },
    ]);
    const ofType = (await api.list('summaries', { decisionType: 'RISK_ASSESSMENT' })).body;
    expect(ofType).toEqual({ items: body.items, nextToken: null });
  });

  it('splits short from long term at exactly 24 hours, at any instant', async () => {
    const clock = createApi();
    await logMany(clock, 'terms', [
      { timestamp: hoursAgo(24) },
      { timestamp: hoursAgo(23) },
      { timestamp: hoursAgo(25) },
    ]);
    const times = async (term: string, query: Record<string, string> = {}) =>
      (await clock.list('terms', { term, ...query })).body.items.map(({ timestamp }: Listed) => timestamp);
    for (const query of everyIndex) {
      expect(await times('stm', query)).toEqual([hoursAgo(23), hoursAgo(24)]);
      expect(await times('ltm', query)).toEqual([hoursAgo(25)]);
    }
    clock.runtime.advance(1);
    expect(await times('stm')).toEqual([hoursAgo(23)]);
    expect(await times('ltm')).toEqual([hoursAgo(24), hoursAgo(25)]);
  });

  it('drops what has expired', async () => {
    const clock = createApi();
    await clock.log('expiring', { timestamp: NOW });
    clock.runtime.advance(90 * 86_400_000);
    for (const query of everyIndex)
      expect((await clock.list('expiring', query)).body).toMatchObject({ items: [], nextToken: null });
    const { body } = await clock.call('listDecisionsOfType', {
      query: { decisionType: 'RISK_ASSESSMENT', from: NOW, to: NOW },
    });
    expect(body.items).toEqual([]);
  });

  it('applies all filters together, page by page, missing and doubling nothing', async () => {
    const types = ['RISK_ASSESSMENT', 'TRADE_EXECUTION'];
    const statuses = [undefined, 'success', 'failure', 'voided'];
    const logged = await logMany(
      api,
      'filtered',
      Array.from({ length: 96 }, (_, i) => ({
        decisionType: types[i % 2],
        // Four decisions a moment, so pages end between equal timestamps too.
        timestamp: hoursAgo(Math.floor(i / 4)),
        sessionId: `session-${i % 3}`,
        ...(statuses[i % 4] && { outcome: { status: statuses[i % 4] } }),
      })),
    );
    const maybe = <T>(values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const hour = fc.integer({ min: 0, max: 24 });
    const filters = fc.record({
      decisionType: maybe([...types, 'NEVER_LOGGED']),
      outcome: maybe(['pending', 'success', 'failure', 'voided']),
      sessionId: maybe(['session-0', 'session-1', 'session-2', 'session-none']),
      range: fc.option(fc.tuple(hour, hour), { nil: undefined }),
      maxResults: fc.integer({ min: 1, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(filters, async ({ range, maxResults, ...rest }) => {
        const [from, to] = range ? [hoursAgo(Math.max(...range)), hoursAgo(Math.min(...range))] : [];
        const query = JSON.parse(JSON.stringify({ ...rest, from, to, maxResults: String(maxResults) }));
        const { items, pages } = await all(
          async (token) => (await api.list('filtered', { ...query, ...token })).body,
        );
        const expected = logged
          .filter(
            (decision) =>
              (!rest.decisionType || decision.decisionType === rest.decisionType) &&
              (!rest.outcome || decision.status === rest.outcome) &&
              (!rest.sessionId || decision.sessionId === rest.sessionId) &&
              (!from || decision.timestamp >= from) &&
              (!to || decision.timestamp <= to),
          )
          .map(({ timestamp, decisionId }) => `${timestamp}#${decisionId}`);
        expect(items.map(({ timestamp, decisionId }) => `${timestamp}#${decisionId}`)).toEqual(
          expected.sort().reverse(),
        );
        expect(pages).toBe(Math.max(1, Math.ceil(expected.length / maxResults)));
      }),
      { numRuns: 25 },
    );
  });

  it('fills a page though a filter drops nearly everything, within a bound on what it reads', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      timestamp: hoursAgo(i / 60),
      sessionId: i % 150 === 149 ? 'rare' : 'common',
      context: { i },
    }));
    for (let start = 0; start < rows.length; start += 100)
      await logMany(api, 'sparse', rows.slice(start, start + 100));
    const { body } = await api.list('sparse', { sessionId: 'rare', maxResults: '2' });
    expect(body.items).toHaveLength(2);
    expect(body.nextToken).toBeNull();
  });

  it.each([
    ['nextToken', { nextToken: 'garbage' }],
    ['nextToken', { nextToken: Buffer.from('[1,"x","y"]').toString('base64url') }],
    ['from', { from: hoursAgo(1), to: hoursAgo(2) }],
    ['from', { from: 'yesterday' }],
    ['outcome', { outcome: 'SUCCESS' }],
    ['term', { term: 'short' }],
    ['maxResults', { maxResults: '0' }],
    ['maxResults', { maxResults: '101' }],
    ['colour', { colour: 'red' }],
  ])('refuses a bad %s', async (path, query) => {
    const { body } = await api.list('filtered', query as Record<string, string>);
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path }] });
  });

  it("refuses a token of another query, another agent's too, and a forged position", async () => {
    await logMany(api, 'tokens', [{}, {}, {}]);
    const { nextToken } = (await api.list('tokens', { maxResults: '1' })).body;
    expect((await api.list('tokens', { maxResults: '2', nextToken })).body.items).toHaveLength(2);
    const [version, hash] = JSON.parse(Buffer.from(nextToken, 'base64url').toString()) as [number, string];
    const forged = (position: unknown) =>
      Buffer.from(JSON.stringify([version, hash, position])).toString('base64url');
    const answers = [
      await api.list('tokens', { nextToken, outcome: 'pending' }),
      await api.list('filtered', { nextToken }),
      ...(await Promise.all(
        ['x', 7, null, `${NOW}#`, `2026-99-99T00:00:00.000Z#A-01KJMDZV20R6BZ1E7J5C4D8QXT`].map((position) =>
          api.list('tokens', { nextToken: forged(position) }),
        ),
      )),
    ];
    for (const { body } of answers) expect(body.error.issues).toMatchObject([{ path: 'nextToken' }]);
  });

  it('ends when its position has left the short term meanwhile', async () => {
    const clock = createApi();
    await logMany(clock, 'sliding', [
      { timestamp: hoursAgo(1) },
      { timestamp: hoursAgo(2) },
      { timestamp: hoursAgo(3) },
    ]);
    const { nextToken } = (await clock.list('sliding', { term: 'stm', maxResults: '1' })).body;
    clock.runtime.advance(23.5 * 3_600_000);
    expect((await clock.list('sliding', { term: 'stm', nextToken })).body).toMatchObject({
      items: [],
      nextToken: null,
    });
  });
});

describe('decisions of a type across agents', () => {
  const api = createApi();
  const decisionType = 'SIGNAL_GENERATION';
  const ofType = async (query: Record<string, string> = {}) =>
    (await api.call('listDecisionsOfType', { query: { decisionType, ...query } })).body;

  it('are one list over agents and days', async () => {
    const logged = (
      await Promise.all(
        ['one', 'two', 'three'].map((agentId) =>
          logMany(
            api,
            agentId,
            Array.from({ length: 20 }, (_, i) => ({ decisionType, timestamp: hoursAgo(i * 10) })),
          ),
        ),
      )
    ).flat();
    const expected = (since: string) =>
      logged
        .filter(({ timestamp }) => timestamp >= since)
        .map(({ timestamp, decisionId }) => `${timestamp}#${decisionId}`)
        .sort()
        .reverse();
    const shown = (items: Listed[]) => items.map(({ timestamp, decisionId }) => `${timestamp}#${decisionId}`);
    const day = await ofType();
    expect(day).toMatchObject({ nextToken: null, consistency: 'eventual' });
    expect(shown(day.items)).toEqual(expected(hoursAgo(24)));
    expect(new Set(day.items.map(({ agentId }: { agentId: string }) => agentId)).size).toBe(3);
    for (const maxResults of ['1', '7', '100']) {
      const { items } = await all((token) => ofType({ from: hoursAgo(30 * 24), maxResults, ...token }));
      expect(shown(items)).toEqual(expected(hoursAgo(30 * 24)));
    }
  });

  it('show their status as it is', async () => {
    const { decisionId } = (await api.log('fresh', { decisionType, timestamp: NOW, action: 'emit' })).body;
    await api.outcome('fresh', decisionId, { status: 'failure' });
    const { items } = await ofType({ from: NOW, to: NOW });
    expect(items.find((item: Listed) => item.decisionId === decisionId)).toEqual({
      agentId: 'fresh',
      decisionId,
      decisionType,
      timestamp: NOW,
      status: 'failure',
      action: 'emit',
    });
  });

  it.each([
    ['from', { from: hoursAgo(31 * 24 + 1) }],
    ['from', { from: hoursAgo(1), to: hoursAgo(2) }],
    ['decisionType', { decisionType: 'lower' }],
    ['nextToken', { nextToken: 'garbage' }],
  ])('refuse a bad %s', async (path, query) => {
    expect((await ofType(query as Record<string, string>)).error.issues).toMatchObject([{ path }]);
  });
});
