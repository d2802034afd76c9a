import { expect, it } from '@jest/globals';
import { BoundedMap } from '../../../lambdas/shared/platform/bounded-map.ts';

it('a bounded map forgets all when one more comes, and nothing for one it knows', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('a', 3);
  expect([...map]).toEqual([
    ['a', 3],
    ['b', 2],
  ]);
  map.set('c', 4);
  expect([...map]).toEqual([['c', 4]]);
});
