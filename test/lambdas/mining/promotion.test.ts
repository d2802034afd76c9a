import { describe, expect, it } from '@jest/globals';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
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

const namesOf = (cases: readonly ResolvedCase[]): string[] => promotedOf(minerOf(cases)).map(nameOf);

describe('what is promoted', () => {
  it.each([1, 2])('is exactly a planted rule of one condition (seed %d)', (seed) => {
    expect(namesOf(simulateLog({ decisions: 2000, seed, planted: 1, effect: 0.25 }))).toEqual([
      'success: f0=a',
    ]);
  });

  it.each([1, 2])('is exactly a planted rule of two conditions (seed %d)', (seed) => {
    expect(namesOf(simulateLog({ decisions: 4000, seed, planted: 2, effect: 0.35 }))).toEqual([
      'success: f0=a & f1=a',
    ]);
  });

  it('is exactly a planted rule that makes decisions fail', () => {
    expect(namesOf(simulateLog({ decisions: 4000, seed: 4, base: 0.7, planted: 2, effect: -0.35 }))).toEqual([
      'failure: f0=a & f1=a',
    ]);
  });

  it('is nothing in at least 19 of 20 logs without any effect', () => {
    const empty = Array.from({ length: 20 }, (_, seed) =>
      namesOf(simulateLog({ decisions: 400, seed: 100 + seed, base: 0.8, fields: 6 })),
    ).filter((names) => names.length === 0);
    expect(empty.length).toBeGreaterThanOrEqual(19);
  });

  it('leaves out a field that only follows the one that matters', () => {
    const cases = simulateLog({ decisions: 4000, seed: 6, planted: 1, effect: 0.3, copied: 0.8 });
    const { findings } = minerOf(cases).mine();
    const named = new Map(findings.map((finding) => [nameOf(finding), finding]));
    expect(findings.filter(({ verdict }) => verdict === 'promote').map(nameOf)).toEqual(['success: f0=a']);
    expect(named.get('success: f7=a')).toMatchObject({
      reason: 'explained_by_other',
      explainedBy: named.get('success: f0=a')!.patternId,
    });
    expect(named.get('failure: f0=b')!.reason).toBe('mirror_image');
  });

  it('leaves out a part that has no effect outside its conjunction, and says which conjunction', () => {
    const cases = simulateLog({ decisions: 8000, seed: 2, fields: 4, planted: 2, effect: 0.4 });
    const named = new Map(
      minerOf(cases)
        .mine()
        .findings.map((finding) => [nameOf(finding), finding]),
    );
    expect(named.get('success: f0=a')).toMatchObject({
      reason: 'explained_by_conjunction',
      explainedBy: named.get('success: f0=a & f1=a')!.patternId,
    });
  });

  it('keeps two rules that are both true', () => {
    const random = seeded(9);
    const cases = simulateLog({ decisions: 4000, seed: 8 }).map((resolved) => {
      const holds = (path: string): boolean => {
        const feature = resolved.features.get(path);
        return feature?.kind === 'value' && feature.value === 'a';
      };
      return { ...resolved, success: random() < 0.5 + (holds('f1') ? 0.2 : 0) - (holds('f2') ? 0.2 : 0) };
    });
    expect(namesOf(cases).sort()).toEqual(['failure: f2=a', 'success: f1=a']);
  });

  it('is one of two fields that always agree', () => {
    const cases = simulateLog({ decisions: 1000, seed: 5, fields: 2, planted: 1, effect: 0.4, copied: 1 });
    expect(namesOf(cases)).toEqual(['success: f0=a']);
  });
});

describe('what is not promoted', () => {
  /** 40 good cases with the condition, 200 mixed ones without. */
  const cases = (timeOf: (index: number) => number, success: (index: number) => boolean): ResolvedCase[] =>
    Array.from({ length: 240 }, (_, index) => ({
      decisionId: `D-${String(index).padStart(3, '0')}`,
      time: index < 40 ? timeOf(index) : START + (index - 40) * (DAY / 10),
      success: index < 40 ? success(index) : index % 2 === 0,
      features: featuresOf({ trend: index < 40 ? 'up' : 'down' }),
    }));
  const reasonOf = (rows: readonly ResolvedCase[]): string =>
    minerOf(rows)
      .mine()
      .findings.find((finding) => nameOf(finding) === 'success: trend=up')!.reason;

  it('occurred on a single UTC day', () => {
    expect(
      reasonOf(
        cases(
          (index) => START + index,
          () => true,
        ),
      ),
    ).toBe('too_few_days');
    expect(
      reasonOf(
        cases(
          (index) => START + (index % 2) * DAY + index,
          () => true,
        ),
      ),
    ).toBe('significant');
  });

  it('no longer holds in the latest third of its occurrences', () => {
    const spread = (index: number): number => START + index * (DAY / 2);
    expect(reasonOf(cases(spread, (index) => index < 32))).toBe('recent_rate_below');
    expect(reasonOf(cases(spread, (index) => index >= 8))).toBe('significant');
  });

  it('is not above the baseline, or only by chance', () => {
    const spread = (index: number): number => START + index * (DAY / 2);
    expect(reasonOf(cases(spread, (index) => index % 2 === 0))).toBe('below_baseline');
    const { rejected, tested, findings } = minerOf(
      simulateLog({ decisions: 500, seed: 1, fields: 4 }),
    ).mine();
    expect(findings).toHaveLength(100);
    expect(Object.values(rejected).reduce((sum, count) => sum + count)).toBe(tested);
  });

  it('exceeds the number of patterns kept', () => {
    const random = seeded(3);
    const rows = simulateLog({ decisions: 4000, seed: 3 }).map((resolved) => {
      const values = [...resolved.features.values()];
      const good = values.filter((feature) => feature.kind === 'value' && feature.value === 'a').length;
      return { ...resolved, success: random() < 0.2 + good * 0.15 };
    });
    const all = promotedOf(minerOf(rows)).filter(({ asserts }) => asserts === 'success');
    expect(all.length).toBeGreaterThan(4);
    const { findings, rejected } = minerOf(rows, { maxPromoted: 4 }).mine();
    const kept = findings.filter(({ verdict, asserts }) => verdict === 'promote' && asserts === 'success');
    expect(kept.map(nameOf)).toEqual(all.slice(0, 4).map(nameOf));
    expect(rejected.over_limit).toBeGreaterThanOrEqual(all.length - 4);
  });
});
