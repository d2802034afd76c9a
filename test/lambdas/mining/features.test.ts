import { describe, expect, it } from '@jest/globals';
import { extractFeatures } from '../../../lambdas/mining/cases/features.ts';
import { conditionHolds } from '../../../lambdas/mining/cases/matching.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { DecisionFacts } from '../../../lambdas/mining/types.ts';

const extract = (context: Record<string, unknown>, facts: Partial<DecisionFacts> = {}) =>
  extractFeatures(
    {
      decisionId: 'QUERY_EXECUTION-1',
      timestamp: '2026-01-05T23:59:59.999Z',
      context,
      signalTypes: new Set(),
      ...facts,
    },
    defaultMiningSettings,
  );
const value = (of: unknown) => ({ kind: 'value', value: of });

describe('the features of a decision', () => {
  it('are its context by dotted path, of the type JSON gave them', () => {
    const features = extract({
      market: { trend: 'up', open: false, rank: 1 },
      one: '1',
      nothing: null,
      '': 0,
    });
    expect(features.get('market.trend')).toEqual(value('up'));
    expect(features.get('market.open')).toEqual(value(false));
    expect(features.get('market.rank')).toEqual(value(1));
    expect(features.get('one')).toEqual(value('1'));
    expect(features.get('')).toEqual(value(0));
    expect(features.has('nothing')).toBe(false);
  });

  it('keep keys with dots and backslashes apart from nesting', () => {
    const features = extract({ 'a.b': 1, a: { b: 2 }, 'a\\': { b: 3 }, 'a\\.b': 4 });
    expect([...features.keys()].filter((path) => path.startsWith('a'))).toEqual([
      'a\\.b',
      'a.b',
      'a\\\\.b',
      'a\\\\\\.b',
    ]);
  });

  it('take arrays of scalars as sets, and ignore what is nested in them', () => {
    const features = extract({ tags: ['x', 'x', 2, null, { y: 1 }, ['z']], objects: [{ y: 1 }], empty: [] });
    expect(features.get('tags')).toEqual({ kind: 'set', values: ['x', 2] });
    expect(features.has('objects')).toBe(false);
    expect(features.has('empty')).toBe(false);
  });

  it('leave out strings of more than 128 characters, however these are encoded', () => {
    const features = extract({
      fits: 'x'.repeat(128),
      long: 'x'.repeat(129),
      wide: '🂡'.repeat(128),
      tooWide: '🂡'.repeat(129),
    });
    expect(features.has('fits')).toBe(true);
    expect(features.has('wide')).toBe(true);
    expect(features.has('long')).toBe(false);
    expect(features.has('tooWide')).toBe(false);
  });

  it('are also what was selected, the action, the signals it knew of, and when it was in UTC', () => {
    const features = extract(
      {},
      { action: 'hold', selected: ['s1', 's2'], signalTypes: new Set(['RISK_ALERT']) },
    );
    expect(Object.fromEntries(features)).toEqual({
      action: value('hold'),
      selected: { kind: 'set', values: ['s1', 's2'] },
      'signal.RISK_ALERT': { kind: 'present' },
      'time.hourBucket': value('18-24'),
      'time.weekday': value('monday'),
    });
    expect(extract({}, { timestamp: '2026-01-04T06:00:00.000Z' }).get('time.hourBucket')).toEqual(
      value('06-12'),
    );
    expect(extract({}, { timestamp: '2026-01-04T05:59:59.999Z' }).get('time.hourBucket')).toEqual(
      value('00-06'),
    );
    expect(extract({}, { timestamp: '2026-01-04T06:00:00.000Z' }).get('time.weekday')).toEqual(
      value('sunday'),
    );
  });

  it('write context paths that are spelled like those under `context.`, never two to one name', () => {
    const features = extract(
      {
        action: 'mine',
        time: { weekday: 'x', zone: 'y' },
        signal: { UP: 1, strength: 2, NEWS: { '12h': 3 } },
        after: { T: { success: 4, voided: 5 }, bot: { T: { failure: { '2h': 6 } } } },
        context: { action: 'z' },
      },
      { action: 'hold' },
    );
    expect(features.get('action')).toEqual(value('hold'));
    expect(features.get('context.action')).toEqual(value('mine'));
    expect(features.get('context.context.action')).toEqual(value('z'));
    expect(features.get('context.time.weekday')).toEqual(value('x'));
    expect(features.get('time.zone')).toEqual(value('y'));
    expect(features.get('context.signal.UP')).toEqual(value(1));
    expect(features.get('signal.strength')).toEqual(value(2));
    expect(features.get('context.signal.NEWS.12h')).toEqual(value(3));
    expect(features.get('context.after.T.success')).toEqual(value(4));
    expect(features.get('after.T.voided')).toEqual(value(5));
    expect(features.get('context.after.bot.T.failure.2h')).toEqual(value(6));
  });
});

describe('a condition', () => {
  const features = extract(
    { size: 5, price: '5', tags: ['a', 1], up: true },
    { signalTypes: new Set(['RISK_ALERT']) },
  );
  const range = (min: number | null, max: number | null): Condition => ({
    path: 'size',
    op: 'in_range',
    min,
    max,
    bin: 0,
  });
  const cases: [string, Condition, boolean][] = [
    ['equals a value of the same type', { path: 'size', op: 'eq', value: 5 }, true],
    ['does not coerce', { path: 'price', op: 'eq', value: 5 }, false],
    ['does not equal a set', { path: 'tags', op: 'eq', value: 'a' }, false],
    ['finds an element', { path: 'tags', op: 'contains', value: 1 }, true],
    ['finds elements of the same type only', { path: 'tags', op: 'contains', value: '1' }, false],
    ['does not look for elements in a value', { path: 'price', op: 'contains', value: '5' }, false],
    ['includes the minimum of a range', range(5, 6), true],
    ['excludes the maximum of a range', range(4, 5), false],
    ['leaves null ends of a range open', range(null, null), true],
    ['takes only numbers for a range', { ...range(null, null), path: 'price' }, false],
    ['sees a signal', { path: 'signal.RISK_ALERT', op: 'present' }, true],
    ['does not hold for an absent path', { path: 'signal.OTHER', op: 'present' }, false],
  ];
  it.each(cases)('%s', (_, condition, expected) => {
    expect(conditionHolds(condition, features)).toBe(expected);
  });
});
