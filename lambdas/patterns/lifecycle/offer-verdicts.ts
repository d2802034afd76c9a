import type { Standing, StandingReason, StandingRecord } from '../standing.ts';
import { holm } from '../../mining/statistics/multiple-tests.ts';
import { SMALLEST_P_VALUE } from './storable-finding.ts';

/**
 * What an agent's own outcomes make of the patterns others offer it. Pure, and a fixpoint: judged again at the same
 * time with its own result before it, nothing changes.
 */

/**
 * Level, after Holm over all offers, at which own outcomes confirm or contradict. Stricter than 5 %, because the same
 * offer is tested again every night: with 3 to 30 decisions a day an offer without any effect is confirmed on some
 * night of sixty in 2–3 % of simulated logs, where a level of 1 % gives 5–6 %.
 */
export const CONFIRM_LEVEL = 0.005;
/** Level of the uncorrected p-value at which it stays so; see ADR 006. */
export const STAND_LEVEL = 0.05;

/** One offer in the agent's own decisions. */
export interface OwnTest {
  readonly owner: string;
  readonly patternId: string;
  readonly patternVersion: number;
  /** The agent's own resolved decisions of the type. */
  readonly resolved: number;
  readonly n: number;
  readonly successes: number;
  readonly rate: number;
  readonly baseline: number;
  /** Lower 95 % Wilson bound of the asserted rate. */
  readonly lowerBound: number;
  /** One-sided: the asserted status is commoner under the conditions than without them, or without a part of them. */
  readonly pValue: number;
  /** One-sided, the other way, against all other decisions; and the same bound of the other status. */
  readonly opposite: { readonly pValue: number; readonly lowerBound: number; readonly baseline: number };
}

export interface StandingChange {
  readonly before?: StandingRecord;
  readonly after: StandingRecord;
}

export interface StandingInput {
  readonly agentId: string;
  readonly runId: string;
  readonly asOf: string;
  readonly minOccurrences: number;
  readonly tests: readonly OwnTest[];
  readonly before: readonly StandingRecord[];
}

interface Verdict {
  readonly standing: Standing;
  readonly reason: StandingReason;
}

const nameOf = ({ owner, patternId }: { readonly owner: string; readonly patternId: string }): string =>
  `${owner}#${patternId}`;

/** @returns every offer's standing; those that are as they were have `after` equal to `before` */
export function advanceStandings(input: StandingInput): StandingChange[] {
  const { tests, minOccurrences } = input;
  const before = new Map(input.before.map((record) => [nameOf(record), record]));
  // What was too rare to test is no part of the family.
  const tested = tests.filter(({ n }) => n >= minOccurrences);
  const agrees = new Map(holm(tested.map(({ pValue }) => pValue)).map((p, i) => [tested[i]!, p]));
  const opposes = new Map(holm(tested.map(({ opposite }) => opposite.pValue)).map((p, i) => [tested[i]!, p]));
  return tests.map((test) => {
    const old = before.get(nameOf(test));
    const adjusted = agrees.get(test) ?? 1;
    const verdict = verdictOn(test, adjusted, opposes.get(test), old?.standing);
    return { before: old, after: recordOf(test, adjusted, verdict, old, input) };
  });
}

function verdictOn(
  test: OwnTest,
  agrees: number,
  opposes: number | undefined,
  before: Standing | undefined,
): Verdict {
  if (test.resolved === 0) return { standing: 'unconfirmed', reason: 'no_decisions' };
  if (opposes === undefined) return { standing: 'unconfirmed', reason: 'too_few_occurrences' };
  const { pValue, lowerBound, baseline, opposite } = test;
  const passes = (adjusted: number, own: number, standing: Standing): boolean =>
    adjusted <= CONFIRM_LEVEL || (before === standing && own <= STAND_LEVEL);
  if (passes(agrees, pValue, 'confirmed') && lowerBound > baseline)
    return { standing: 'confirmed', reason: 'agrees' };
  if (passes(opposes, opposite.pValue, 'contradicted') && opposite.lowerBound > opposite.baseline)
    return { standing: 'contradicted', reason: 'opposite' };
  return { standing: 'unconfirmed', reason: 'not_significant' };
}

function recordOf(
  { owner, patternId, patternVersion, n, successes, rate, baseline, lowerBound, pValue }: OwnTest,
  adjusted: number,
  { standing, reason }: Verdict,
  before: StandingRecord | undefined,
  { agentId, runId, asOf }: StandingInput,
): StandingRecord {
  const changed = before?.standing !== standing;
  return {
    agentId,
    owner,
    patternId,
    standing,
    reason,
    n,
    successes,
    rate,
    lowerBound,
    baseline,
    pValue: Math.max(pValue, SMALLEST_P_VALUE),
    adjustedPValue: Math.max(adjusted, SMALLEST_P_VALUE),
    patternVersion,
    asOf,
    version: (before?.version ?? 0) + (changed ? 1 : 0),
    since: before && !changed ? before.since : asOf,
    sinceRunId: before && !changed ? before.sinceRunId : runId,
  };
}
