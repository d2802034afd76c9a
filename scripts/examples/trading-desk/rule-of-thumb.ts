import { CaseTable } from '../../../lambdas/mining/cases/case-table.ts';
import { CaseColumns } from '../../../lambdas/mining/cases/case-columns.ts';
import { buildFeatures } from '../../../lambdas/mining/cases/feature-table.ts';
import { conditionHolds } from '../../../lambdas/mining/cases/matching.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { heuristicConfidence } from '../../../lambdas/mining/judging/measure.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { type Claim, type TestCase } from './out-of-sample.ts';

export const THUMB_LEVEL = 0.7;

/** A conjunction the old rule of thumb would have promoted, with its numbers where it learned. */
export interface ThumbRule extends Claim {
  readonly n: number;
  readonly rate: number;
  readonly baseline: number;
  readonly heuristicConfidence: number;
}

/** One condition and the rows it holds for. */
interface Column {
  readonly condition: Condition;
  readonly rows: Uint8Array;
}

function columnsOf(cases: readonly ResolvedCase[]): Column[] {
  const all = new CaseColumns();
  for (const resolved of cases) all.add(resolved);
  return buildFeatures(new CaseTable(all), defaultMiningSettings).features.map(({ condition }) => ({
    condition,
    rows: Uint8Array.from(cases, ({ features }) => (conditionHolds(condition, features) ? 1 : 0)),
  }));
}

/** Two values of one scalar never meet. */
const compatible = (chosen: readonly Condition[], { path, op }: Condition): boolean =>
  chosen.every((other) => other.path !== path || (other.op === 'contains' && op === 'contains'));

/**
 * Everything the rule of thumb would promote among the same conjunctions of up to three conditions the miner tests,
 * best first.
 */
export function thumbRules(decisionType: string, cases: readonly (ResolvedCase & TestCase)[]): ThumbRule[] {
  const columns = columnsOf(cases);
  const successes = cases.filter(({ success }) => success).length;
  const rules: ThumbRule[] = [];

  const consider = (conditions: readonly Condition[], rows: readonly number[]): void => {
    const won = rows.filter((row) => cases[row]!.success).length;
    for (const asserts of ['success', 'failure'] as const satisfies readonly Asserts[]) {
      const rate = (asserts === 'success' ? won : rows.length - won) / rows.length;
      const confidence = heuristicConfidence(rows.length, rate);
      if (confidence < THUMB_LEVEL) continue;
      const share = successes / cases.length;
      rules.push({
        decisionType,
        asserts,
        conditions,
        n: rows.length,
        rate,
        baseline: asserts === 'success' ? share : 1 - share,
        heuristicConfidence: confidence,
      });
    }
  };
  const extend = (from: number, conditions: readonly Condition[], rows: readonly number[]): void => {
    for (let i = from; i < columns.length; i++) {
      const { condition, rows: holds } = columns[i]!;
      if (!compatible(conditions, condition)) continue;
      const both = rows.filter((row) => holds[row] === 1);
      if (both.length < defaultMiningSettings.minOccurrences) continue;
      const longer = [...conditions, condition];
      consider(longer, both);
      if (longer.length < defaultMiningSettings.maxConditions) extend(i + 1, longer, both);
    }
  };
  extend(
    0,
    [],
    cases.map((_, row) => row),
  );
  return rules.sort((a, b) => b.heuristicConfidence - a.heuristicConfidence || b.n - a.n);
}
