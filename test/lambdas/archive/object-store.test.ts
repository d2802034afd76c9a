import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FolderObjectStore } from '../../../lambdas/archive/folder-object-store.ts';
import type { ObjectStore } from '../../../lambdas/archive/object-store.ts';
import { workDirectory } from '../../support/paths.ts';
import { MemoryBucket } from '../../support/s3.ts';

const stores: readonly (readonly [string, () => ObjectStore])[] = [
  ['S3', () => new MemoryBucket().store()],
  ['a folder', () => new FolderObjectStore(mkdtempSync(join(workDirectory(), 'store-')))],
];

async function all(items: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe.each(stores)('%s', (_, open) => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));

  it('gives back what was put last, and nothing where nothing is', async () => {
    const store = open();
    await store.put('x/a', bytes('one'));
    await store.put('x/a', bytes('two'));
    expect(Buffer.from((await store.get('x/a'))!).toString()).toBe('two');
    expect(await store.get('x/b')).toBeUndefined();
    expect(await store.get('x/a/b')).toBeUndefined();
  });

  it('lists by prefix, in order, over several pages', async () => {
    const store = open();
    const keys = ['x/a/1', 'x/a/2', 'x/ab/1', 'x/b/1', 'x/b/2/3', 'y/1'];
    for (const key of [...keys].reverse()) await store.put(key, bytes(key));
    expect(await all(store.list('x/'))).toEqual(keys.slice(0, 5));
    expect(await all(store.list('x/a/'))).toEqual(['x/a/1', 'x/a/2']);
    expect(await all(store.list('z/'))).toEqual([]);
    expect(await all(store.folders('x/'))).toEqual(['a', 'ab', 'b']);
    expect(await all(store.folders('z/'))).toEqual([]);
  });

  it('removes, also what is gone already', async () => {
    const store = open();
    for (const key of ['x/1', 'x/2', 'x/3']) await store.put(key, bytes(key));
    await store.remove(['x/1', 'x/3', 'x/4']);
    await store.remove(['x/1']);
    await store.remove([]);
    expect(await all(store.list('x/'))).toEqual(['x/2']);
  });
});
