import { beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryFeed } from '../../../lambdas/memories/memory-feed.ts';
import { MemoryRecords } from '../../../lambdas/memories/memory-records.ts';
import { CollectionCache, type CollectionSource } from '../../../lambdas/memories/search/collection-cache.ts';
import { MemoryCollection } from '../../../lambdas/memories/search/memory-collection.ts';
import { OwnMemories } from '../../../lambdas/memories/search/own-memories.ts';
import { memoryOf } from '../../support/labelled-memories.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

describe('the memories of many agents', () => {
  /** An agent with ten memories of 300 characters. */
  const agent = (name: string, reads: string[]) => (): CollectionSource => {
    const collection = new MemoryCollection();
    let isRead = false;
    return {
      collection,
      refresh: () => {
        if (isRead) return Promise.resolve();
        isRead = true;
        reads.push(name);
        for (let i = 0; i < 10; i++)
          collection.put(memoryOf(name, { content: `${name} ${i} ${'word '.repeat(60)}` }, `${i}`));
        return Promise.resolve();
      },
    };
  };

  it('take no more than their share of the process, whoever was asked last stays', async () => {
    const reads: string[] = [];
    const probe = await new CollectionCache(Infinity).current('probe', agent('probe', []));
    const cache = new CollectionCache(probe.bytes * 5.5);
    for (let i = 0; i < 200; i++) {
      await cache.current(`agent-${i}`, agent(`agent-${i}`, reads));
      await cache.current('busy', agent('busy', reads));
      expect(cache.bytes).toBeLessThanOrEqual(probe.bytes * 5.5);
    }
    expect(reads.filter((name) => name === 'busy')).toHaveLength(1);
    await cache.current('agent-199', agent('agent-199', reads));
    expect(reads).toHaveLength(201);
    await cache.current('agent-3', agent('agent-3', reads));
    expect(reads).toHaveLength(202);
  });

  it('are searched even when one has more than that', async () => {
    const cache = new CollectionCache(1);
    expect((await cache.current('large', agent('large', []))).size).toBe(10);
    await cache.current('next', agent('next', []));
    expect(cache.bytes).toBeLessThan(100_000);
  });
});

describe('more memories of an agent than are searched', () => {
  beforeAll(() => createTables());

  it('are said to be there: the pinned and the latest are searched', async () => {
    const api = createMemoriesFixture({ now: '2026-03-02T09:00:00.000Z' });
    await api.save('hoarder', { content: 'pinned and oldest', pinned: true });
    for (let i = 0; i < 20; i++) {
      api.runtime.advance(1000);
      await api.save('hoarder', { content: `memory ${i}` });
    }
    api.runtime.advance(10 * 60_000);
    const { unrecorded, clock, randomPart } = api.runtime;
    const told: unknown[] = [];
    const own = new OwnMemories('hoarder', {
      records: new MemoryRecords(new Table(unrecorded, tableName('memory'))),
      feed: new MemoryFeed(new Table(unrecorded, tableName('memory'), clock), randomPart),
      maxIndexed: 6,
      onUnsearched: (...args) => told.push(args),
    });
    await own.refresh();
    const texts = own.collection.memories.map((memory) => memory?.text);
    expect(texts.sort()).toEqual([...[15, 16, 17, 18, 19].map((i) => `memory ${i}`), 'pinned and oldest']);
    expect(own.collection.unsearched).toBe(15);
    expect(told).toEqual([['hoarder', 15]]);
    expect((await api.search('hoarder', { query: 'memory' })).body.unsearched).toBe(0);
  });
});
