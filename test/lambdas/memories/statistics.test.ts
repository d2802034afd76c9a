import { beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { createTables } from '../../support/tables.ts';
import { createPipeline } from '../consolidation/pipeline.ts';
import { createMemoriesFixture } from './fixture.ts';

const START = Date.parse('2026-03-01T03:00:00.000Z');
const at = (days: number): string => new Date(START + days * DAY_MS).toISOString();
const agent = createMemoriesFixture({ now: at(0) });
const pipeline = createPipeline({ now: at(0), bucket: agent.bucket });

beforeAll(() => createTables());

/** A night of every agent there is. */
async function night(days: number) {
  agent.runtime.setTime(at(days));
  pipeline.setTime(at(days));
  return pipeline.run({});
}

const long = 'The order book moved sideways for a while and nobody was surprised by it. '.repeat(12);
const tiersOf = async (agentId: string) => (await agent.statistics(agentId)).body.tiers;

describe('the statistics of an agent', () => {
  it('are nothing where there is nothing', async () => {
    expect((await agent.statistics('nobody')).body).toEqual({
      agentId: 'nobody',
      asOf: null,
      memories: 0,
      tiers: { hot: 0, warm: 0, cold: 0, archive: 0 },
      categories: {},
      bytes: { hot: 0, warm: 0, cold: 0, archive: 0 },
      since: { stored: 0, changed: 0, removed: 0 },
      pruned: { expired: 0, irrelevant: 0, redundant: 0 },
      compression: { memories: 0, bytesBefore: 0, bytesAfter: 0, ratio: null },
      lastNight: null,
      topAccessed: [],
      searches: { count: 0, hitRate: null, meanMs: null },
    });
  });

  it('follow its memories through the nights, although it never decided anything', async () => {
    const id = async (body: object) => (await agent.save('keeper', body)).body.memoryId as string;
    const failure = await id({
      memoryType: 'FAILURE',
      content: { lesson: long, raw: { a: { b: { c: long } } } },
    });
    await id({ memoryType: 'OBSERVATION', content: 'Funding turned negative.' });
    await id({ memoryType: 'PREFERENCE', content: 'Mia wants limit orders only.' });
    expect((await agent.statistics('keeper')).body).toMatchObject({
      asOf: null,
      memories: 3,
      tiers: { hot: 3 },
      categories: { failures: 1, market_observations: 1, user_preferences: 1 },
      since: { stored: 3, changed: 0, removed: 0 },
    });

    const first = await night(0.5);
    expect(first.report.agents[0].report.memories).toMatchObject({
      read: 3,
      tiers: { hot: 3 },
      mayChange: 3,
    });
    await agent.search('keeper', { query: 'order book' });
    await agent.search('keeper', { query: 'zebra' });
    agent.runtime.advance(2 * 60_000);
    await agent.get('keeper', failure);
    const { body } = await agent.statistics('keeper');
    expect(body).toMatchObject({ asOf: at(0.5), memories: 3, searches: { count: 2, hitRate: 0.5 } });
    expect(body.searches.meanMs).toBeGreaterThanOrEqual(0);
    expect(body.topAccessed[0]).toMatchObject({ memoryId: failure, accessCount: 2 });

    const second = await night(2);
    expect(second.report.totals).toMatchObject({ memoriesPruned: 0, memoriesCompressed: 2 });
    expect(await tiersOf('keeper')).toEqual({ hot: 0, warm: 3, cold: 0, archive: 0 });
    await night(8);
    const { body: later } = await agent.statistics('keeper');
    expect(later).toMatchObject({
      memories: 2,
      tiers: { cold: 2 },
      pruned: { expired: 1, irrelevant: 0, redundant: 0 },
      lastNight: { pruned: { expired: 1 }, prunedMemories: [{ category: 'market_observations' }] },
      searches: { count: 2, hitRate: 0.5 },
    });
    expect(later.topAccessed[0]).toMatchObject({ memoryId: failure, accessCount: 2 });
    expect(later.compression.ratio).toBeLessThan(0.6);
    expect((await agent.get('keeper', failure)).body).toMatchObject({ tier: 'cold', form: 'summary' });
    const run = await night(61);
    expect(run.report.agents[0]).toMatchObject({ agentId: 'keeper', result: 'CONSOLIDATED' });
    expect(await tiersOf('keeper')).toEqual({ hot: 0, warm: 0, cold: 0, archive: 1 });
  });

  it('are not worked on any more when nothing can change', async () => {
    const { report } = await night(62);
    expect(report.agents).toMatchObject([{ agentId: 'keeper', result: 'SKIPPED' }]);
  });

  it('count what is stored, changed and removed since the night', async () => {
    agent.runtime.setTime(new Date(Date.parse(at(62)) + HOUR_MS).toISOString());
    const { memoryId } = (await agent.save('keeper', { content: 'Volume doubled.' })).body;
    await agent.save('keeper', { content: 'Volume halved.' });
    await agent.save('keeper', { memoryType: 'PREFERENCE', content: 'Mia wants limit orders only.' });
    await agent.remove('keeper', memoryId);
    expect((await agent.statistics('keeper')).body).toMatchObject({
      asOf: at(61),
      memories: 2,
      tiers: { hot: 1, archive: 1 },
      since: { stored: 1, changed: 1, removed: 1 },
    });
  });
});
