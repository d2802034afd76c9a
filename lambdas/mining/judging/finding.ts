import type { CaseTable } from '../cases/case-table.ts';
import type { Correction } from './correction.ts';
import { describe } from './describe.ts';
import { compare, type Conjunction, explanationOf, largestP } from './explain.ts';
import { evidenceOf, measure } from './measure.ts';
import type { Counts } from '../statistics/two-by-two.ts';
import type { Significant } from './overlaps.ts';
import { conditionKey, type Hash, patternIdOf } from '../pattern-id.ts';
import { compareSameTime } from './same-hours.ts';
import type { Asserts } from '../vocabulary.ts';
import type { Finding, MiningSettings } from '../types.ts';

export interface MinerOptions {
  readonly agentId: string;
  readonly decisionType: string;
  /** @default defaultMiningSettings */
  readonly settings?: MiningSettings;
  readonly hash: Hash;
  /** @default correctByExtension */
  readonly correction?: Correction;
}

export const significantOf = (
  { asserts }: { readonly asserts: Asserts },
  { n, successes }: Counts,
  conjunction: Conjunction,
): Significant => ({
  asserts,
  n,
  successes,
  keys: conjunction.conditions.map(conditionKey),
  ...conjunction,
});

/** A pattern with all its numbers, and the comparisons and decisions behind them. */
export function findingOf(
  table: CaseTable,
  options: MinerOptions,
  settings: MiningSettings,
  asserts: Asserts,
  conjunction: Conjunction,
  qValue: number | null,
): Omit<Finding, 'verdict' | 'reason'> {
  const { conditions, bitmap } = conjunction;
  const comparisons = [
    ...compare(table, conjunction, asserts),
    ...compareSameTime(table, conjunction, asserts),
  ];
  const numbers = measure(table, bitmap, asserts, { pValue: largestP(comparisons), qValue }, settings);
  return {
    patternId: idOf(options, asserts, conditions),
    asserts,
    conditions,
    numbers,
    explain: explanationOf(comparisons, asserts, settings),
    description: describe({ decisionType: options.decisionType, asserts, conditions, numbers }),
    evidence: evidenceOf(table, bitmap),
  };
}

export const idOf = (options: MinerOptions, asserts: Asserts, conditions: Finding['conditions']): string =>
  patternIdOf(options.agentId, options.decisionType, asserts, conditions, options.hash);
