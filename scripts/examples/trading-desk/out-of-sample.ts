import { conditionHolds } from '../../../lambdas/mining/cases/matching.ts';
import { wilsonInterval } from '../../../lambdas/mining/statistics/wilson.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { Features } from '../../../lambdas/mining/types.ts';

/** What a rule claims: under these conditions this kind of decision ends like that more often than usual. */
export interface Claim {
  readonly decisionType: string;
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}

/** A decision the rule did not learn from. */
export interface TestCase {
  readonly decisionType: string;
  readonly success: boolean;
  readonly features: Features;
}

export interface Check {
  /** Test decisions of the type the conditions hold for, and those that ended as asserted. */
  readonly n: number;
  readonly hits: number;
  /** `null` without any. */
  readonly rate: number | null;
  /** 95 % Wilson interval of the rate. */
  readonly interval: readonly [number, number];
  /** Share that ended as asserted among all test decisions of the type. */
  readonly baseline: number;
  /** `holds`: the whole interval lies above the baseline; `fails`: below. */
  readonly verdict: 'holds' | 'above' | 'below' | 'fails' | 'not seen';
}

function verdictOf(n: number, rate: number, [low, high]: readonly [number, number], baseline: number) {
  if (n === 0) return 'not seen';
  if (low > baseline) return 'holds';
  if (high < baseline) return 'fails';
  return rate > baseline ? 'above' : 'below';
}

export function checkCounts(n: number, hits: number, baseline: number): Check {
  const interval = wilsonInterval(hits, n);
  const rate = n === 0 ? null : hits / n;
  return { n, hits, rate, interval, baseline, verdict: verdictOf(n, rate ?? 0, interval, baseline) };
}

/** Holds a claim against decisions made after learning was frozen. */
export function checkClaim(claim: Claim, cases: readonly TestCase[]): Check {
  const asserted = ({ success }: TestCase) => success === (claim.asserts === 'success');
  const ofType = cases.filter(({ decisionType }) => decisionType === claim.decisionType);
  const matching = ofType.filter(({ features }) =>
    claim.conditions.every((condition) => conditionHolds(condition, features)),
  );
  const baseline = ofType.filter(asserted).length / (ofType.length || 1);
  return checkCounts(matching.length, matching.filter(asserted).length, baseline);
}

export type Tally = Readonly<Record<Check['verdict'], number>>;

export function tallyOf(checks: readonly Check[]): Tally {
  const tally = { holds: 0, above: 0, below: 0, fails: 0, 'not seen': 0 };
  for (const { verdict } of checks) tally[verdict] += 1;
  return tally;
}
