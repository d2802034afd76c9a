import { describe, expect, it } from '@jest/globals';
import { night, promoted, statusOf } from './nights.ts';

const harmful = { demotions: new Map([['PATTERN-a', 'made_things_worse']]) };

describe('a demoted pattern', () => {
  it('becomes suspect, and is retired when it is still named at a later time', () => {
    const suspect = night(2, promoted, [], [{}], harmful);
    expect(statusOf(suspect)).toEqual([{ status: 'suspect', reason: 'made_things_worse', version: 2 }]);
    expect(night(2, suspect.patterns, [], [{}], harmful).changes).toEqual([]);
    const retired = night(3, suspect.patterns, [], [{}], harmful);
    expect(statusOf(retired)).toEqual([{ status: 'retired', reason: 'made_things_worse', version: 3 }]);
  });

  it('is not saved by mining, as long as it is named', () => {
    const suspect = night(2, promoted, [{ promote: true }], [], harmful);
    expect(statusOf(suspect)).toMatchObject([{ status: 'suspect', reason: 'made_things_worse' }]);
    const retired = night(3, suspect.patterns, [{ promote: true }], [], harmful);
    expect(statusOf(retired)).toMatchObject([{ status: 'retired', reason: 'made_things_worse' }]);
    expect(night(4, retired.patterns, [{ promote: true }], [], harmful).changes).toEqual([]);
  });

  it('comes back when it is named no more and its own test holds', () => {
    const suspect = night(2, promoted, [], [{}], harmful);
    expect(statusOf(night(3, suspect.patterns, [], [{}]))).toMatchObject([
      { status: 'promoted', reason: 'still_holds', version: 3 },
    ]);
  });

  it('stays a candidate when it was none but that, and is no new pattern', () => {
    const first = night(1, [], [{ promote: true }], [], harmful);
    expect(statusOf(first)).toEqual([{ status: 'candidate', reason: 'made_things_worse', version: 1 }]);
    expect(statusOf(night(2, first.patterns, [{ promote: true }]))).toMatchObject([{ status: 'promoted' }]);
  });
});
