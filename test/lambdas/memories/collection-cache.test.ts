import { describe, expect, it } from '@jest/globals';
import { CollectionCache } from '../../../lambdas/memories/search/collection-cache.ts';
import { MemoryCollection } from '../../../lambdas/memories/search/memory-collection.ts';
import { UnavailableError } from '../../../lambdas/shared/errors.ts';

const source = (refresh: () => Promise<void>) => () => ({ collection: new MemoryCollection(), refresh });
const soon = () => new Promise<void>((resolve) => void setTimeout(resolve, 5));

describe('collections kept ready', () => {
  it('are asked once more for all who came while they were brought up to date', async () => {
    const cache = new CollectionCache(1e9);
    let begun = 0;
    let running = 0;
    const create = source(async () => {
      begun++;
      expect(++running).toBe(1);
      await soon();
      running--;
    });
    const first = cache.current('a', create);
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 5 }, () => cache.current('a', create))]);
    expect(begun).toBe(2);
    // Nobody is told of a refresh that began before he asked.
    await cache.current('a', create);
    expect(begun).toBe(3);
  });

  it('that hang are given up in time, and the next call begins anew', async () => {
    const cache = new CollectionCache(1e9, 20);
    const hanging = source(() => new Promise(() => undefined));
    const waiting = Promise.allSettled([cache.current('a', hanging), cache.current('a', hanging)]);
    for (const result of await waiting)
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) });
    const good = source(soon);
    await expect(cache.current('a', good)).resolves.toBeInstanceOf(MemoryCollection);
  });

  it('that failed are not used again', async () => {
    const cache = new CollectionCache(1e9);
    await expect(
      cache.current(
        'a',
        source(() => Promise.reject(new Error('half done'))),
      ),
    ).rejects.toThrow('half done');
    const good = source(soon)();
    expect(await cache.current('a', () => good)).toBe(good.collection);
  });
});
