import { describe, expect, it } from '@jest/globals';
import { advance } from '../../../../lambdas/patterns/lifecycle/lifecycle.ts';
import { defaultMiningSettings } from '../../../../lambdas/mining/settings.ts';
import type { Finding } from '../../../../lambdas/mining/types.ts';
import type { Pattern } from '../../../../lambdas/patterns/pattern.ts';
import { day, finding, mined, promoted } from './nights.ts';

const opposite: Finding = { ...finding({ id: 'PATTERN-z', promote: true }), asserts: 'failure' };
const weak = finding({ confidence: 0.1, rate: 0.2, pValue: 1 });

const night = (previous: readonly Pattern[], n = 2) =>
  advance({
    agentId: 'agent',
    decisionType: 'TYPE',
    runId: `RUN-${n}`,
    asOf: day(n),
    settings: defaultMiningSettings,
    previous,
    mined: mined([opposite]),
    retested: previous.some(({ patternId, status }) => patternId === 'PATTERN-a' && status === 'promoted')
      ? [weak]
      : [],
  });
const byId = (patterns: readonly Pattern[]) =>
  Object.fromEntries(patterns.map((pattern) => [pattern.patternId, pattern]));

describe('a reversal', () => {
  const whole = night(promoted);
  const after = byId(whole.patterns);

  it('links both ways, retires the old with its numbers, and is a fixpoint', () => {
    expect(after['PATTERN-z']).toMatchObject({ status: 'promoted', supersedes: 'PATTERN-a' });
    expect(after['PATTERN-a']).toMatchObject({
      status: 'retired',
      reason: 'reversed',
      supersededBy: 'PATTERN-z',
      rate: promoted[0]!.rate,
      version: 2,
    });
    expect(night(whole.patterns).changes).toEqual([]);
  });

  it.each(['PATTERN-a', 'PATTERN-z'])('cut short when only %s was written ends in the same', (written) => {
    const stored = { ...byId(promoted), [written]: after[written]! };
    expect(byId(night(Object.values(stored)).patterns)).toEqual(after);
  });

  it('supersedes nothing that never was promoted', () => {
    const [pattern] = promoted;
    const { reference: _, drift: _d, ...rest } = pattern!;
    const registered = {
      at: day(0),
      until: day(9),
      n: 9,
      successes: 1,
      rate: 0.1,
      othersRate: 0.5,
      evidence: 1,
      evidenceAgainst: 40,
      needed: 20,
    };
    const refuted: Pattern = { ...rest, status: 'retired', reason: 'refuted', registered };
    const patterns = byId(night([refuted]).patterns);
    expect(patterns['PATTERN-a']).toEqual(refuted);
    expect(patterns['PATTERN-z']).not.toHaveProperty('supersedes');
  });
});
