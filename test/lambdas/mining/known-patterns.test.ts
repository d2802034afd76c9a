import { describe, expect, it } from '@jest/globals';
import type { Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { Finding, ResolvedCase, Stated } from '../../../lambdas/mining/types.ts';
import {
  DAY,
  featuresOf,
  minerOf,
  nameOf,
  promotedOf,
  seeded,
  simulateLog,
  START,
} from './case-generator.ts';

const is = (path: string, value = 'a'): Condition => ({ path, op: 'eq', value });
const known = (...conditions: Condition[]): Stated => ({ asserts: 'success', conditions });

/** One rule of two conditions; its parts look significant by themselves. */
const planted = simulateLog({ decisions: 8000, seed: 2, fields: 4, planted: 2, effect: 0.4 });

describe('a pattern known from before', () => {
  it('is listed with what explains it, though no near miss is', () => {
    const miner = minerOf(planted, { maxCandidates: 0 });
    expect(miner.mine().findings.map(nameOf)).toEqual(['success: f0=a & f1=a']);
    const [rule, part, ...others] = miner.mine([known(is('f0')), known(is('f3'))]).findings;
    expect(others).toEqual([]);
    expect(nameOf(part!)).toBe('success: f0=a');
    expect(part).toMatchObject({
      verdict: 'reject',
      reason: 'explained_by_conjunction',
      explainedBy: rule!.patternId,
    });
  });

  it('that no longer passes by itself is still explained by what is promoted', () => {
    const cases = simulateLog({ decisions: 1200, seed: 3, planted: 2, effect: 0.4 });
    const reasonsOf = (findings: readonly Finding[]) =>
      Object.fromEntries(findings.map((finding) => [nameOf(finding), finding.reason]));
    const miner = minerOf(cases, { maxCandidates: 500 });
    const before = reasonsOf(miner.mine().findings);
    expect(before['success: f0=a & f1=a']).toBe('significant');
    expect(before['success: f0=a']).toBe('not_significant');
    const { findings, rejected, tested } = miner.mine([known(is('f0'))]);
    expect(reasonsOf(findings)).toEqual({ ...before, 'success: f0=a': 'explained_by_conjunction' });
    expect(Object.values(rejected).reduce((sum, count) => sum + count)).toBe(tested - 1);
  });

  it('is explained by a promoted conjunction, however it was found', () => {
    const miner = minerOf(planted);
    const rule = known(is('f0'), is('f1'));
    const [alone] = miner.test([known(is('f0'))]);
    expect(alone).toMatchObject({ verdict: 'promote', reason: 'significant' });
    const [beside] = miner.test([known(is('f0'))], [rule]);
    expect(beside).toMatchObject({ verdict: 'reject', reason: 'explained_by_conjunction' });
    expect(beside!.explainedBy).toBe(miner.test([rule])[0]!.patternId);
    expect(beside!.numbers).toEqual(alone!.numbers);
  });

  it('is explained by the rule it only follows, and by the rule it is the mirror image of', () => {
    const cases = simulateLog({ decisions: 4000, seed: 6, planted: 1, effect: 0.3, copied: 0.8 });
    const mirror: Stated = { asserts: 'failure', conditions: [is('f0', 'b')] };
    const [follower, other, itself] = minerOf(cases).test(
      [known(is('f7')), mirror, known(is('f0'))],
      [known(is('f0'))],
    );
    expect(follower!.reason).toBe('explained_by_other');
    expect(other!.reason).toBe('mirror_image');
    expect(itself).toMatchObject({ verdict: 'promote', reason: 'significant' });
  });

  it('stands beside rules that have nothing to do with it, and does not stand for their sum', () => {
    const random = seeded(9);
    const cases = simulateLog({ decisions: 6000, seed: 8 }).map((resolved) => {
      const holds = (path: string): number => {
        const feature = resolved.features.get(path);
        return feature?.kind === 'value' && feature.value === 'a' ? 1 : 0;
      };
      return { ...resolved, success: random() < 0.4 + 0.2 * holds('f1') + 0.2 * holds('f2') };
    });
    const rules = [known(is('f1')), known(is('f2'))];
    const [one, both] = minerOf(cases).test([rules[0]!, known(is('f1'), is('f2'))], rules);
    expect(one!.reason).toBe('significant');
    expect(both!.reason).toBe('explained_by_parts');
  });

  it('that is weak but holds is not given up for rules that leave it as weak as it is', () => {
    const cases = simulateLog({ decisions: 1200, seed: 21, planted: 1, effect: 0.3 });
    const miner = minerOf(cases);
    const conditions = ['b', 'c', 'd'].flatMap((value) =>
      [1, 2, 3, 4, 5, 6, 7].map((field) => is(`f${field}`, value)),
    );
    const alone = miner.test(
      conditions.flatMap((condition) => [
        known(condition),
        { asserts: 'failure' as const, conditions: [condition] },
      ]),
    );
    const weak = alone.filter(({ numbers }) => numbers.pValue > 0.001 && numbers.pValue < 0.04);
    expect(weak.length).toBeGreaterThan(0);
    const beside = miner.test(weak, [known(is('f0'))]);
    expect(beside.map(({ reason }) => reason)).toEqual(weak.map(() => 'significant'));
  });
});

describe('the mirror image of a known pattern', () => {
  const random = seeded(12);
  const cases = Array.from({ length: 600 }, (_, i): ResolvedCase => {
    const side = random() < 0.5 ? 'a' : 'b';
    return {
      decisionId: `D-${String(i).padStart(4, '0')}`,
      time: START + i * (DAY / 10),
      success: random() < (side === 'a' ? 0.8 : 0.3),
      features: featuresOf({ side }),
    };
  });
  const incumbents = [
    { asserts: 'failure', conditions: [{ path: 'side', op: 'eq', value: 'b' }], incumbent: true },
  ] as const;

  it('is promoted when nothing is known, and else leaves the known one as it is', () => {
    expect(promotedOf(minerOf(cases)).map(nameOf)).toEqual(['success: side=a']);
    const { findings } = minerOf(cases).mine(incumbents);
    expect(findings.filter(({ verdict }) => verdict === 'promote').map(nameOf)).toEqual(['failure: side=b']);
    const mirror = findings.find((finding) => nameOf(finding) === 'success: side=a')!;
    const stays = findings.find((finding) => nameOf(finding) === 'failure: side=b')!;
    expect(mirror).toMatchObject({ reason: 'mirror_image', explainedBy: stays.patternId });
  });
});
