import { describe, expect, it } from '@jest/globals';
import { RelevantMemories, type WantedMemories } from '../../../lambdas/context/relevant-memories.ts';
import type { MemorySearch, SearchRequest } from '../../../lambdas/memories/search/memory-search.ts';

const wanted: WantedMemories = { query: 'refund', userId: 'ada' };

/** Finds one memory named after what was asked, and of whom. */
function createMemories() {
  const asked: string[] = [];
  const search = {
    ready: async () => ({}),
    searchBatch: async (_: string, [{ query, userId }]: [SearchRequest]) => {
      const name = `${query} of ${userId}`;
      asked.push(name);
      return [{ hits: [{ memory: { memoryId: name } }], unsearched: 0 }];
    },
  } as unknown as MemorySearch;
  const memories = new RelevantMemories(search, undefined as never, undefined as never, () => new Date());
  const find = async (...likely: WantedMemories[]) => {
    const hits = await memories.find('a', Promise.resolve(wanted), ...likely);
    return { found: hits.map(({ memory }) => memory.memoryId), asked: asked.splice(0) };
  };
  return { find };
}

describe('memories that were looked for before it was known what is wanted', () => {
  const { find } = createMemories();

  it('are found if it is the same', async () => {
    const found = ['refund of ada'];
    expect(await find()).toEqual({ found, asked: found });
    expect(await find(wanted)).toEqual({ found, asked: found });
  });

  it.each([
    ['another user', { query: 'refund', userId: 'bob' }],
    ['nobody known', { query: 'refund', userId: undefined }],
    ['another question', { query: 'fees', userId: 'ada' }],
    ['nothing', { query: '', userId: 'ada' }],
  ])('are not, if that was for %s', async (_, likely) => {
    expect((await find(likely)).found).toEqual(['refund of ada']);
  });
});
