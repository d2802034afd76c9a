import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fisherOneSided } from '../../../lambdas/mining/statistics/fisher.ts';
import { conditionHolds } from '../../../lambdas/mining/cases/matching.ts';
import { patternIdOf } from '../../../lambdas/mining/pattern-id.ts';
import { wilsonLowerBound } from '../../../lambdas/mining/statistics/wilson.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { Finding, ResolvedCase } from '../../../lambdas/mining/types.ts';
import { DAY, featuresOf, hash, minerOf, nameOf, seeded, simulateLog, START } from './case-generator.ts';

/** Everything shown, nothing held back. */
const SHOW_ALL = { maxCandidates: 100_000 };

const trend = (value: string): Condition => ({ path: 'trend', op: 'eq', value });

/** Cases of values, sets and numbers, some absent. */
function variedCases(seed: number, count: number): ResolvedCase[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const trend = 'xyz'[Math.floor(random() * 4)];
    return {
      decisionId: `D-${String(index).padStart(4, '0')}`,
      time: START + Math.floor(random() * 20) * DAY + Math.floor(random() * 5),
      success: random() < (trend === 'x' ? 0.9 : 0.4),
      features: featuresOf({
        trend,
        calm: random() < 0.5,
        tags: ['a', 'b', 'c'].filter(() => random() < 0.5),
        size: random() < 0.9 ? Math.floor(random() * 30) : undefined,
        few: Math.floor(random() * 3),
      }),
      metrics: { pnl: random() },
    };
  });
}

interface Naive {
  readonly n: number;
  readonly successes: number;
  readonly pValue: number;
  /** Largest p against all others, parts that lack one condition, parts that lack two. */
  readonly byLacking: readonly [others: number, one: number, two: number];
}

/** The same test, case by case: a scan for every comparison. */
function naive(cases: readonly ResolvedCase[], conditions: readonly Condition[], asserts: Asserts): Naive {
  const counted = (selected: readonly ResolvedCase[]): [number, number] => {
    const asserted = selected.filter(({ success }) => success === (asserts === 'success')).length;
    return [asserted, selected.length - asserted];
  };
  const holds = (wanted: readonly Condition[]) =>
    cases.filter(({ features }) => wanted.every((condition) => conditionHolds(condition, features)));
  const own = holds(conditions);
  const within = new Set(own);
  const byLacking: [number, number, number] = [0, 0, 0];
  for (let mask = 0; mask < 2 ** conditions.length - 1; mask++) {
    const part = conditions.filter((_, index) => mask & (1 << index));
    const rest = holds(part).filter((row) => !within.has(row));
    const kind = part.length === 0 ? 0 : conditions.length - part.length;
    byLacking[kind] = Math.max(byLacking[kind]!, fisherOneSided(...counted(own), ...counted(rest)));
  }
  const successes = own.filter(({ success }) => success).length;
  return { n: own.length, successes, pValue: Math.max(...byLacking), byLacking };
}

/** All conjunctions of up to three of the given conditions that may stand together. */
function conjunctions(conditions: readonly Condition[]): Condition[][] {
  const mayMeet = (a: Condition, b: Condition): boolean =>
    a.path !== b.path || (a.op === 'contains' && b.op === 'contains');
  const grow = (start: number, chosen: Condition[]): Condition[][] =>
    conditions.slice(start).flatMap((next, index) => {
      if (!chosen.every((condition) => mayMeet(condition, next))) return [];
      const grown = [...chosen, next];
      return [grown, ...(grown.length < 3 ? grow(start + index + 1, grown) : [])];
    });
  return grow(0, []);
}

const singlesOf = (findings: readonly Finding[]): Condition[] => [
  ...new Map(
    findings
      .filter(({ conditions }) => conditions.length === 1)
      .map(({ conditions }) => [JSON.stringify(conditions[0]), conditions[0]!]),
  ).values(),
];

describe('mining', () => {
  it.each([1, 2])('agrees with a scan for every conjunction and comparison (log %d)', (seed) => {
    const cases = variedCases(seed, 150);
    const { findings, tested } = minerOf(cases, SHOW_ALL).mine();
    const singles = singlesOf(findings);
    expect(singles.map(({ path, op }) => `${path} ${op}`).sort()).toEqual([
      ...Array(2).fill('calm eq'),
      ...Array(3).fill('few eq'),
      ...Array(4).fill('size in_range'),
      ...Array(3).fill('tags contains'),
      ...Array(3).fill('trend eq'),
    ]);
    const expected = conjunctions(singles).flatMap((conditions) =>
      (['success', 'failure'] as const).map((asserts) => ({
        size: conditions.length,
        id: patternIdOf('risk-manager', 'RISK_ASSESSMENT', asserts, conditions, hash),
        ...naive(cases, conditions, asserts),
      })),
    );
    const testable = expected.filter(({ n }) => n >= 5);
    expect(tested).toBe(testable.length);
    expect(findings).toHaveLength(testable.length);
    // every conjunction was listed once for each assertion
    const ofSize = [1, 2, 3].map((size) => testable.filter((entry) => entry.size === size).length);
    let significant = 0;
    const byId = new Map(findings.map((finding) => [finding.patternId, finding]));
    testable.forEach(({ id, size, n, successes, pValue, byLacking: [others, one, two] }) => {
      const { numbers } = byId.get(id)!;
      expect([numbers.n, numbers.successes]).toEqual([n, successes]);
      expect(numbers.pValue).toBeCloseTo(pValue, 10);
      const q = Math.max(
        (others * 3 * ofSize[size - 1]!) / 0.2,
        (one * ofSize[0]!) / 0.6,
        (two * ofSize[1]!) / 0.2,
      );
      expect(numbers.qValue).toBeCloseTo(Math.min(1, q), 8);
      if (q <= 0.25) significant++;
    });
    expect(significant).toBeGreaterThan(0);
  });

  it('does not depend on the order in which cases were added', () => {
    const cases = variedCases(7, 120);
    const once = minerOf(cases).mine();
    fc.assert(
      fc.property(fc.shuffledSubarray(cases, { minLength: cases.length }), (shuffled) => {
        expect(minerOf(shuffled).mine()).toEqual(once);
      }),
      { numRuns: 5 },
    );
  });

  it('does not depend on what the fields are called', () => {
    const cases = simulateLog({ decisions: 1500, seed: 3, fields: 5, planted: 2, effect: 0.35 });
    const renamed = (path: string): string => `g${(Number(path.slice(1)) * 3 + 2) % 5}`;
    const other = cases.map((resolved) => ({
      ...resolved,
      features: new Map([...resolved.features].map(([path, value]) => [renamed(path), value])),
    }));
    const summary = (findings: readonly Finding[], name: (path: string) => string) =>
      findings
        .filter(({ verdict }) => verdict === 'promote')
        .map(({ asserts, conditions, numbers }) => ({
          asserts,
          conditions: conditions.map((condition) => ({ ...condition, path: name(condition.path) })),
          numbers,
        }));
    const original = summary(minerOf(cases).mine().findings, renamed);
    expect(original).toHaveLength(1);
    original[0]!.conditions.sort((a, b) => (a.path < b.path ? -1 : 1));
    expect(summary(minerOf(other).mine().findings, (path) => path)).toEqual(original);
  });

  it('moves exactly the numbers a corrected outcome should move', () => {
    const cases = variedCases(11, 150);
    const corrected = cases.map((row, index) => (index === 40 ? { ...row, success: !row.success } : row));
    const before = minerOf(cases, SHOW_ALL).mine();
    const after = new Map(
      minerOf(corrected, SHOW_ALL)
        .mine()
        .findings.map((found) => [found.patternId, found]),
    );
    const change = corrected[40]!.success ? 1 : -1;
    for (const { patternId, conditions, numbers } of before.findings) {
      const moved = after.get(patternId)!.numbers;
      const touched = conditions.every((condition) => conditionHolds(condition, cases[40]!.features));
      expect(moved.n).toBe(numbers.n);
      expect(moved.successes).toBe(numbers.successes + (touched ? change : 0));
      expect(moved.metrics).toEqual(numbers.metrics);
      expect([moved.days, moved.firstSeen, moved.lastSeen]).toEqual([
        numbers.days,
        numbers.firstSeen,
        numbers.lastSeen,
      ]);
      if (!touched) expect(moved.confidence).toBe(numbers.confidence);
    }
  });

  it('gives every number of a pattern', () => {
    // 30 cases of a rising market on 10 days, 24 of them good; 30 others, 9 good
    const cases = Array.from({ length: 60 }, (_, index): ResolvedCase => {
      const up = index % 2 === 0;
      const position = Math.floor(index / 2);
      return {
        decisionId: `D-${String(index).padStart(2, '0')}`,
        time: START + Math.floor(position / 3) * DAY + index,
        success: up ? position % 5 !== 0 : position % 10 < 3,
        features: featuresOf({ trend: up ? 'up' : 'down' }),
        action: up ? 'buy' : undefined,
        metrics: up ? { pnl: position < 15 ? 1 : 3 } : undefined,
      };
    });
    const found = minerOf(cases).mine().findings[0]!;
    expect(nameOf(found)).toBe('success: trend=up');
    expect(found.verdict).toBe('promote');
    expect(found.numbers).toMatchObject({ n: 30, successes: 24, rate: 0.8, baseline: 0.55, days: 10 });
    expect(found.numbers.lift).toBeCloseTo(0.8 / 0.55, 12);
    expect(found.numbers.confidence).toBeCloseTo(wilsonLowerBound(24, 30), 12);
    expect(found.numbers.pValue).toBeCloseTo(fisherOneSided(24, 6, 9, 21), 12);
    // its latest ten cases are positions 20 to 29; the type's between them are 19 cases
    expect(found.numbers.recentRate).toBe(0.8);
    expect(found.numbers.recentBaseline).toBeCloseTo((8 + 3) / 19, 12);
    expect(found.numbers.firstSeen).toBe('2026-01-05T00:00:00.000Z');
    expect(found.numbers.lastSeen).toBe(new Date(START + 9 * DAY + 58).toISOString());
    expect(Object.keys(found.numbers.metrics)).toEqual(['pnl']);
    expect(found.numbers.metrics.pnl!.mean).toBeCloseTo(2, 12);
    expect(found.numbers.metrics.pnl!.sd).toBeCloseTo(1, 12);
    expect(found.numbers.heuristicConfidence).toBeCloseTo(0.3 + 0.4 + 0.2 / 1.4, 12);
    expect(found.explain.comparisons).toEqual([
      {
        against: 'others',
        part: [],
        table: [
          [24, 6],
          [9, 21],
        ],
        pValue: found.numbers.pValue,
      },
    ]);
    expect(found.description).toBe(
      'Of 30 RISK_ASSESSMENT decisions with trend = up, 24 succeeded (80 %, at least 62.7 %; all: 55 %; ' +
        'p 1.1e-4, q 0.006), on 10 days.',
    );
    expect(found.evidence).toHaveLength(30);
    expect(found.evidence[0]).toEqual({
      decisionId: 'D-58',
      timestamp: found.numbers.lastSeen,
      status: 'success',
      action: 'buy',
    });
    const mirror = minerOf(cases).mine().findings[1]!;
    expect([nameOf(mirror), mirror.verdict, mirror.reason, mirror.explainedBy]).toEqual([
      'failure: trend=down',
      'reject',
      'mirror_image',
      found.patternId,
    ]);
  });

  it('finds nothing in nothing', () => {
    expect(minerOf([]).mine()).toEqual({
      resolved: 0,
      successes: 0,
      tested: 0,
      findings: [],
      rejected: {},
      truncatedPaths: [],
    });
    const same = variedCases(1, 50).map((row) => ({ ...row, success: true }));
    expect(
      minerOf(same)
        .mine()
        .findings.filter(({ verdict }) => verdict === 'promote'),
    ).toEqual([]);
  });

  it('tests the 32 commonest values of a path and says which paths have more', () => {
    const cases = Array.from({ length: 330 }, (_, index): ResolvedCase => ({
      decisionId: `D-${index}`,
      time: START + index * 3_600_000,
      success: index % 2 === 0,
      features: featuresOf({ venue: `v${index % 33}`, id: `id-${index}`, calm: index % 3 === 0 }),
    }));
    const { truncatedPaths, findings } = minerOf(cases, SHOW_ALL).mine();
    expect(truncatedPaths).toEqual(['id', 'venue']);
    expect(singlesOf(findings).filter(({ path }) => path === 'venue')).toHaveLength(32);
    expect(singlesOf(findings).filter(({ path }) => path === 'id')).toHaveLength(0);
  });

  it('cuts numbers of more than eight values at quartiles, and keeps the ranks when two coincide', () => {
    const ranges = (values: readonly number[]) => {
      const cases = values.map((size, index): ResolvedCase => ({
        decisionId: `D-${index}`,
        time: START + index * 3_600_000,
        success: index % 2 === 0,
        features: featuresOf({ size }),
      }));
      const singles = singlesOf(minerOf(cases, SHOW_ALL).mine().findings);
      return singles
        .flatMap((condition) => (condition.op === 'in_range' ? [condition] : []))
        .sort((a, b) => a.bin! - b.bin!)
        .map(({ min, max, bin }) => [bin, min, max]);
    };
    const even = Array.from({ length: 40 }, (_, index) => index);
    expect(ranges(even)).toEqual([
      [0, null, 10],
      [1, 10, 20],
      [2, 20, 30],
      [3, 30, null],
    ]);
    const heaped = even.map((size) => (size < 25 ? 7 : size));
    expect(ranges(heaped)).toEqual([
      [2, 7, 30],
      [3, 30, null],
    ]);
    expect(ranges(even.map((size) => size % 8))).toEqual([]);
  });
});

describe('a stated pattern', () => {
  it('has the numbers of the same cases, tested alone', () => {
    const cases = variedCases(5, 150);
    const miner = minerOf(cases, SHOW_ALL);
    const mined = miner.mine().findings;
    const again = miner.test(mined);
    mined.forEach((finding, index) => {
      const { qValue, ...numbers } = again[index]!.numbers;
      expect(qValue).toBeNull();
      expect(finding.numbers).toMatchObject(numbers);
      expect(again[index]!.patternId).toBe(finding.patternId);
      expect(again[index]!.verdict).toBe(numbers.pValue <= 0.05 ? 'promote' : 'reject');
    });
  });

  it('keeps its own cut points, and its id whatever the order of its conditions', () => {
    const miner = minerOf(variedCases(5, 150));
    const size: Condition = { path: 'size', op: 'in_range', min: 3, max: 4.5, bin: 1 };
    const [one, other] = miner.test([
      { asserts: 'failure', conditions: [size, trend('x')] },
      { asserts: 'failure', conditions: [trend('x'), size] },
    ]);
    expect(one).toEqual(other);
    const expected = naive(variedCases(5, 150), [size, trend('x')], 'failure');
    expect(one!.numbers).toMatchObject({ n: expected.n, successes: expected.successes });
  });

  it('that never held is rejected and says so', () => {
    const [found] = minerOf(variedCases(5, 50)).test([
      { asserts: 'success', conditions: [trend('sideways')] },
    ]);
    expect(found).toMatchObject({ verdict: 'reject', reason: 'too_few_occurrences', evidence: [] });
    expect(found!.numbers).toMatchObject({ n: 0, rate: 0, pValue: 1, firstSeen: null, lastSeen: null });
    expect(found!.description).toBe('No resolved RISK_ASSESSMENT decisions with trend = sideways.');
  });

  it('can be refuted, and the bound falls below the baseline exactly then', () => {
    const cases = simulateLog({ decisions: 1000, seed: 1, planted: 1, effect: 0.25 });
    const miner = minerOf(cases);
    const [found] = miner.test([{ asserts: 'success', conditions: [{ path: 'f0', op: 'eq', value: 'a' }] }]);
    const { numbers, explain } = found!;
    const said = /^If of its next (\d+) decisions fewer than (\d+) of them succeeded/.exec(explain.refutedBy);
    expect(explain.refutedBy).toMatch(/would fall to the baseline of \d/);
    const [next, fewer] = [Number(said?.[1]), Number(said?.[2])];
    const bound = (more: number) => wilsonLowerBound(numbers.successes + more, numbers.n + next);
    expect(bound(fewer - 1)).toBeLessThanOrEqual(numbers.baseline);
    expect(bound(fewer)).toBeGreaterThan(numbers.baseline);
  });
});
