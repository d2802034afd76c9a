import { describe, expect, it } from '@jest/globals';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { HYPOTHESES } from '../../../scripts/examples/trading-desk/hypotheses.ts';
import { readOptions } from '../../../scripts/examples/trading-desk/options.ts';
import { checkClaim, checkCounts, tallyOf } from '../../../scripts/examples/trading-desk/out-of-sample.ts';
import { type DemoResult, reportOf } from '../../../scripts/examples/trading-desk/report.ts';
import { thumbRules } from '../../../scripts/examples/trading-desk/rule-of-thumb.ts';
import { UsageError } from '../../../scripts/shared/options.ts';

const caseOf = (index: number, success: boolean, trend: string) => ({
  decisionId: `SIGNAL_GENERATION-${index}`,
  decisionType: 'SIGNAL_GENERATION',
  time: Date.UTC(2026, 0, 1 + (index % 20)),
  success,
  features: new Map([
    ['trend', { kind: 'value' as const, value: trend }],
    ['weekday', { kind: 'value' as const, value: index % 5 }],
  ]),
});
const claim = {
  decisionType: 'SIGNAL_GENERATION',
  asserts: 'success',
  conditions: [{ path: 'trend', op: 'eq', value: 'up' }],
} as const;

describe('the check on days that were not learned from', () => {
  it('counts the matching decisions of the type, with the 95 % interval Wilson gives', () => {
    const cases = [
      ...Array.from({ length: 10 }, (_, i) => caseOf(i, i < 8, 'up')),
      ...Array.from({ length: 30 }, (_, i) => caseOf(i, i < 6, 'down')),
      { ...caseOf(0, true, 'up'), decisionType: 'TRADE_EXECUTION' },
    ];
    const check = checkClaim(claim, cases);
    expect(check).toMatchObject({ n: 10, hits: 8, rate: 0.8, baseline: 14 / 40, verdict: 'holds' });
    expect(check.interval[0]).toBeCloseTo(0.4902, 4);
    expect(check.interval[1]).toBeCloseTo(0.9433, 4);
    const opposite = checkClaim({ ...claim, asserts: 'failure' }, cases);
    expect(opposite).toMatchObject({ n: 10, hits: 2, baseline: 26 / 40, verdict: 'fails' });
  });

  it.each([
    [100, 80, 0.5, 'holds'],
    [10, 6, 0.5, 'above'],
    [10, 5, 0.5, 'below'],
    [100, 20, 0.5, 'fails'],
    [0, 0, 0.5, 'not seen'],
  ] as const)('%i matching, %i as asserted, baseline %f: %s', (n, hits, baseline, verdict) => {
    expect(checkCounts(n, hits, baseline).verdict).toBe(verdict);
  });

  it('tallies verdicts', () => {
    const checks = [checkCounts(100, 80, 0.5), checkCounts(0, 0, 0.5), checkCounts(100, 90, 0.5)];
    expect(tallyOf(checks)).toEqual({ holds: 2, above: 0, below: 0, fails: 0, 'not seen': 1 });
  });
});

describe('the old rule of thumb', () => {
  const cases = Array.from({ length: 100 }, (_, i) => caseOf(i, i % 10 < 8, i % 2 ? 'up' : 'down'));

  it('promotes rules of a log in which nothing depends on anything', () => {
    const rules = thumbRules('SIGNAL_GENERATION', cases);
    const up = rules.find(({ conditions }) => conditions.length === 1 && conditions[0]!.path === 'trend');
    expect(up).toMatchObject({ n: 50, rate: 0.8, baseline: 0.8, asserts: 'success' });
    expect(up!.heuristicConfidence).toBeCloseTo(0.3 + 0.4 + 0.2 / 1.4, 10);
    expect(rules.every(({ heuristicConfidence }) => heuristicConfidence >= 0.7)).toBe(true);
  });

  it('never asks for two values of one field', () => {
    for (const { conditions } of thumbRules('SIGNAL_GENERATION', cases))
      expect(new Set(conditions.map(({ path }) => path)).size).toBe(conditions.length);
  });
});

const pattern = {
  ...claim,
  n: 120,
  rate: 0.75,
  confidence: 0.666,
  baseline: 0.5,
  qValue: 0.00021,
} as unknown as Pattern;

const result: DemoResult = {
  market: 'An invented market (seed 7)',
  learned: { from: '2024-02-01', to: '2024-07-30', days: 180 },
  tested: { days: 60 },
  totals: { decisions: 7_278, signals: 12, acknowledgements: 11, outcomes: 7_278, consolidations: 180 },
  conjunctions: 31_000,
  stated: HYPOTHESES.map((hypothesis) => ({
    hypothesis,
    pattern: {
      ...hypothesis,
      status: hypothesis.isTrue ? 'promoted' : 'retired',
      reason: hypothesis.isTrue ? 'hypothesis_confirmed' : 'refuted',
      statusSince: '2024-03-01T00:00:00.000Z',
      registered: {
        n: 90,
        rate: 0.75,
        othersRate: 0.5,
        evidence: 43_210,
        evidenceAgainst: 0.25,
        needed: 20,
      },
    } as unknown as Pattern,
  })),
  promoted: [{ rule: pattern, check: checkCounts(40, 30, 0.5) }],
  candidates: [pattern],
  thumb: [],
  seconds: 61.2,
  requests: 20_000,
};

describe('the report', () => {
  it('shows what was promoted with its numbers, and how it did later', () => {
    const text = reportOf(result);
    expect(text).toContain('7,278 decisions, 12 signals, 11 acknowledgements');
    expect(text).toMatch(/SIGNAL_GENERATION: trend = up → success +120 +0\.750 +0\.666 +0\.500 +2\.1e-4/);
    expect(text).toMatch(/SIGNAL_GENERATION: trend = up → success +40 +0\.750 +0\.598–0\.858 +0\.500 +holds/);
  });

  it('says what became of the hypotheses, and what is true of them where that is known', () => {
    const text = reportOf({ ...result, truth: 'one rule' });
    expect(text).toContain('trend = up and volatility = low → success, which is true');
    expect(text).toContain('promoted (hypothesis_confirmed), 2024-03-01');
    expect(text).toContain('volume = heavy → success, which is false');
    expect(text).toContain('retired (refuted), 2024-03-01');
    expect(text).toMatch(
      /90 decisions, rate 0\.750, others 0\.500; evidence for it 4e\+4, against it 0\.3, 20/,
    );
    expect(reportOf(result)).not.toContain('which is');
  });

  it('says so when nothing was promoted, and shows what came nearest', () => {
    const text = reportOf({ ...result, promoted: [] });
    expect(text).toContain('Promoted: nothing among 31,000 conjunctions');
    expect(text).toContain('Nearest candidates');
    expect(text).toContain('nothing to check');
    expect(reportOf({ ...result, promoted: [], candidates: [] })).toContain('not even a candidate');
  });
});

describe('the options', () => {
  it('have the defaults of the usage line', () => {
    expect(readOptions([])).toEqual({ days: 180, test: 60, seed: 7, keep: false, port: 3000 });
    expect(readOptions(['--csv', 'a.csv', '--days', '9', '--keep'], '4000')).toMatchObject({
      csv: 'a.csv',
      days: 9,
      keep: true,
      port: 4000,
    });
  });

  it.each([['--days', 'x'], ['--days', '0'], ['--nights', '3'], ['--help']])(
    '%s %s is answered with the usage',
    (...args) => {
      expect(() => readOptions(args.filter(Boolean))).toThrow(UsageError);
    },
  );
});
