import type { OfferVerdict, OfferVerdictRecord } from '../offer-verdict.ts';
import { holm } from '../../mining/statistics/multiple-tests.ts';
import { SMALLEST_P_VALUE } from '../../mining/settings.ts';

/**
 * The verdicts of an agent's own outcomes on the patterns that others offer it. It is pure and a fixpoint: repeated for
 * the same time on its own result, it changes nothing.
 */

/**
 * Level, after Holm over all offers, at which own outcomes confirm or contradict an offer. It is stricter than 5 %,
 * because the same offer is tested again every night. Simulated with 3 to 30 decisions a day, 2–3 % of logs then
 * confirm an offer without effect within sixty nights. A level of 1 % gives 5–6 %.
 */
export const CONFIRM_LEVEL = 0.005;
/** Level of the uncorrected p-value at which a verdict stays; see ADR 006. */
export const STAND_LEVEL = 0.05;

/** The test of one offer on the agent's own decisions. */
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
  /** One-sided: the asserted status is commoner with the conditions than without them, or than without a part of them. */
  readonly pValue: number;
  /** The opposite claim: its one-sided p-value against all other decisions, and the same bound and baseline. */
  readonly opposite: { readonly pValue: number; readonly lowerBound: number; readonly baseline: number };
}

export interface OfferVerdictChange {
  readonly before?: OfferVerdictRecord;
  readonly after: OfferVerdictRecord;
}

export interface OfferVerdictsInput {
  readonly agentId: string;
  readonly runId: string;
  readonly asOf: string;
  readonly minOccurrences: number;
  readonly tests: readonly OwnTest[];
  readonly before: readonly OfferVerdictRecord[];
}

type Judgement = Pick<OfferVerdictRecord, 'standing' | 'reason'>;

const nameOf = ({ owner, patternId }: { readonly owner: string; readonly patternId: string }): string =>
  `${owner}#${patternId}`;

/** @returns every offer's verdict; an unchanged one has `after` equal to `before` */
export function advanceOfferVerdicts(input: OfferVerdictsInput): OfferVerdictChange[] {
  const { tests, minOccurrences } = input;
  const before = new Map(input.before.map((record) => [nameOf(record), record]));
  // An offer that is too rare to test is no part of the family of tests.
  const tested = tests.filter(({ n }) => n >= minOccurrences);
  const agrees = new Map(holm(tested.map(({ pValue }) => pValue)).map((p, i) => [tested[i]!, p]));
  const opposes = new Map(holm(tested.map(({ opposite }) => opposite.pValue)).map((p, i) => [tested[i]!, p]));
  return tests.map((test) => {
    const old = before.get(nameOf(test));
    const adjusted = agrees.get(test) ?? 1;
    const verdict = judge(test, adjusted, opposes.get(test), old?.standing);
    return { before: old, after: recordOf(test, adjusted, verdict, old, input) };
  });
}

function judge(
  test: OwnTest,
  agrees: number,
  opposes: number | undefined,
  before: OfferVerdict | undefined,
): Judgement {
  if (test.resolved === 0) return { standing: 'unconfirmed', reason: 'no_decisions' };
  if (opposes === undefined) return { standing: 'unconfirmed', reason: 'too_few_occurrences' };
  const { pValue, lowerBound, baseline, opposite } = test;
  const passes = (adjusted: number, own: number, standing: OfferVerdict): boolean =>
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
  { standing, reason }: Judgement,
  before: OfferVerdictRecord | undefined,
  { agentId, runId, asOf }: OfferVerdictsInput,
): OfferVerdictRecord {
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
