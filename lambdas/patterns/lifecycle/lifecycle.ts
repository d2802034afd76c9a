import type { EvidenceDigest, Pattern, PatternStatus } from '../pattern.ts';
import { canonicalJson } from '../../shared/platform/ids.ts';
import { decayDormant, makeDormant } from './dormancy.ts';
import type { PatternRetest } from './pattern-retest.ts';
import { defaultLifecycleSettings, type LifecycleSettings } from './lifecycle-settings.ts';
import type { Finding, MiningResult, MiningSettings } from '../../mining/types.ts';
import { findReversals, supersede } from './reversal.ts';
import { storableFinding } from './storable-finding.ts';
import { isExplained, stands, type Verdict, verdictOn } from './verdicts.ts';

/**
 * Decides what patterns become in a run. It is a pure function of the patterns before the run, of the run's findings, and
 * of `asOf`. It is also a fixpoint: applied to its own result it changes nothing. So a run that was killed half-way is
 * simply run again.
 *
 *     (mined) ──► candidate ──► promoted ◄──► suspect ──► retired      retired: refuted, drifted away, explained,
 *     (stated) ─► hypothesis ──────┘ ▲                                  merged into another, or reversed
 *                      ▲             └──► dormant                      dormant: its evidence has aged out
 *                      └──► withdrawn                                  withdrawn: by its author, and no run touches it
 *
 * A promoted pattern stays promoted under milder terms than for its promotion (`failureOf` in verdicts.ts). The corrected
 * test depends on everything else that a run tests, and a pattern should not flicker because of other tests.
 */

/** A finding above this p, tested alone, is no candidate: the nearest by rank may still be far away. */
export const CANDIDATE_LEVEL = 0.05;
/** A rate that moved by this much since the last version makes a new version. */
export const VERSION_STEP = 0.05;
/** Digests that a pattern keeps beyond the retention of their decisions, at most. */
export const MAX_DIGESTS = 50;

export interface LifecycleInput {
  readonly agentId: string;
  readonly decisionType: string;
  readonly runId: string;
  readonly asOf: string;
  readonly settings: MiningSettings;
  /** The stored patterns of this agent and type. */
  readonly previous: readonly Pattern[];
  readonly mined: MiningResult;
  /** Tests of the previous patterns that are tested every night, for those that mining did not list. */
  readonly retested: readonly Finding[];
  /**
   * Patterns to be demoted for a reason that mining cannot see (id → reason). They become suspect first, and retired when
   * still named at a later `asOf`. While one is named, no test promotes it.
   * @default none
   */
  readonly demotions?: ReadonlyMap<string, string>;
  /** Retests of known patterns on their decisions in order of time, by id. @default none */
  readonly retests?: ReadonlyMap<string, PatternRetest>;
  /** Stated patterns whose statement a stored pattern makes too: id → id of that one. @default none */
  readonly twins?: ReadonlyMap<string, string>;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
}

export interface Change {
  readonly before?: Pattern;
  readonly after: Pattern;
}

export interface LifecycleResult {
  /** Every pattern of the type after the run. */
  readonly patterns: readonly Pattern[];
  /** The patterns that differ from the stored ones. */
  readonly changes: readonly Change[];
  /** Candidates that were never promoted and no longer make the cut. */
  readonly dropped: readonly Pattern[];
  /** Current matches of each pattern that keeps digests. */
  readonly evidence: readonly { readonly pattern: Pattern; readonly current: readonly EvidenceDigest[] }[];
}

const isCandidate = (finding: Finding): boolean =>
  finding.numbers.pValue <= CANDIDATE_LEVEL && !isExplained(finding) && finding.reason !== 'mirror_image';

/** True for a previous pattern that a run has to test again when mining did not list it. */
export const needsRetest = (pattern: Pattern): boolean =>
  stands(pattern) || pattern.status === 'dormant' || pattern.status === 'hypothesis';

const keepsDigests = ({ status }: Pattern): boolean => status !== 'candidate' && status !== 'hypothesis';

function renew(
  before: Pattern | undefined,
  finding: Finding,
  { status, reason, renewed }: Verdict,
  input: LifecycleInput,
  supersedes: string | undefined,
): Pattern {
  const { agentId, decisionType, asOf, runId, retests, twins } = input;
  const { numbers, patternId, asserts, conditions, description, explain, explainedBy, sameAs } =
    storableFinding(finding);
  const retest = retests?.get(patternId);
  const statusChanged = status !== before?.status;
  const moved = before && Math.abs(numbers.rate - before.versionRate) >= VERSION_STEP - 1e-9;
  const newVersion = statusChanged || moved;
  const promise = promiseOf(before, status, retest, renewed, finding, asOf);
  const registered =
    before?.status === 'hypothesis' && retest?.registered
      ? { ...before.registered, ...retest.registered }
      : before?.registered;
  const mergedInto = reason === 'merged' ? (twins?.get(patternId) ?? explainedBy) : undefined;
  return {
    patternId,
    agentId,
    decisionType,
    asserts,
    conditions,
    ...numbers,
    description,
    explain,
    status,
    // When tonight's run is repeated, the reason stays the one that gave the pattern its status.
    reason: before && !statusChanged && before.statusSince === asOf ? before.reason : reason,
    ...(explainedBy !== undefined && { explainedBy }),
    ...(supersedes !== undefined && { supersedes }),
    ...(mergedInto !== undefined && { mergedInto }),
    ...(sameAs !== undefined && status === 'promoted' && { sameAs }),
    ...promise,
    ...(registered && { registered }),
    ...(before?.note !== undefined && { note: before.note }),
    asOf,
    version: before ? before.version + (newVersion ? 1 : 0) : 1,
    versionRate: before && !newVersion ? before.versionRate : numbers.rate,
    statusSince: before && !statusChanged ? before.statusSince : asOf,
    statusRunId: before && !statusChanged ? before.statusRunId : runId,
  };
}

/** The promise that later outcomes are compared with, and their drift so far. A promotion begins a new promise. */
function promiseOf(
  before: Pattern | undefined,
  status: PatternStatus,
  retest: PatternRetest | undefined,
  renewed: Verdict['renewed'],
  { numbers: { confidence, baseline, n } }: Finding,
  asOf: string,
): Pick<Pattern, 'reference' | 'drift'> {
  const { reference, drift } = renewed ?? (before && stands(before) ? retest : undefined) ?? {};
  if (!reference || !drift)
    return stands({ status })
      ? { reference: { since: asOf, confidence, baseline, n }, drift: { statistic: 0 } }
      : {};
  const { statistic, changedAt } = drift;
  return {
    reference,
    drift: {
      statistic,
      ...(changedAt !== undefined && { changedAt: new Date(changedAt).toISOString() }),
    },
  };
}

interface Found {
  readonly before: Pattern | undefined;
  readonly finding: Finding;
  /** True when mining listed it; false when it was tested alone. */
  readonly listed: boolean;
  readonly verdict: Verdict;
}

const isMined = ({ listed, finding }: Found): boolean => listed && finding.verdict === 'promote';

/**
 * Ids of the promoted patterns beyond the limit. Patterns that this run found significant are kept first, then those with
 * the higher confidence.
 */
function overLimit(found: readonly Found[], limit: number): Set<string> {
  const over = new Set<string>();
  for (const asserts of ['success', 'failure']) {
    const promoted = found
      .filter(({ finding, verdict }) => finding.asserts === asserts && verdict.status === 'promoted')
      .sort(
        (a, b) =>
          Number(isMined(b)) - Number(isMined(a)) ||
          b.finding.numbers.confidence - a.finding.numbers.confidence ||
          (a.finding.patternId < b.finding.patternId ? -1 : 1),
      );
    for (const { finding } of promoted.slice(limit)) over.add(finding.patternId);
  }
  return over;
}

export function advance(input: LifecycleInput): LifecycleResult {
  const { previous, mined, retested, settings, asOf, runId, lifecycle = defaultLifecycleSettings } = input;
  const halfLife = lifecycle.confidenceHalfLifeDays;
  const stored = new Map(previous.map((pattern) => [pattern.patternId, pattern]));
  const found = [
    ...mined.findings.map((finding) => ({ finding, listed: true })),
    ...retested.map((finding) => ({ finding, listed: false })),
  ].map(({ finding, listed }): Found => {
    const { patternId } = finding;
    const before = stored.get(patternId);
    const retest = input.retests?.get(patternId);
    const demotion = input.demotions?.get(patternId);
    const twin = input.twins?.get(patternId);
    return {
      before,
      finding,
      listed,
      verdict: verdictOn(before, finding, { asOf, settings, lifecycle, retest, demotion, twin, listed }),
    };
  });
  const over = overLimit(found, settings.maxPromoted);
  const promoted = found.filter(
    ({ finding, verdict }) => verdict.status === 'promoted' && !over.has(finding.patternId),
  );
  const reversals = findReversals(
    promoted.map(({ finding }) => finding),
    previous,
  );
  const opposites = new Map([...reversals].map(([old, by]) => [by, old]));

  const after = new Map<string, Pattern>();
  const changes: Change[] = [];
  const evidence: LifecycleResult['evidence'][number][] = [];
  const keep = (before: Pattern | undefined, pattern: Pattern): void => {
    after.set(pattern.patternId, pattern);
    if (canonicalJson(pattern) !== canonicalJson(before)) changes.push({ before, after: pattern });
  };
  for (const { before, finding, verdict } of found) {
    const { patternId } = finding;
    if (reversals.has(patternId)) continue;
    if (before?.status === 'dormant' && verdict.status === 'dormant') {
      keep(before, decayDormant(before, asOf, halfLife));
      continue;
    }
    // A retired pattern that is not found again stays exactly as it was.
    if (before?.status === 'retired' && verdict.status === 'retired') continue;
    if (verdict.status === 'candidate' && !isCandidate(finding)) continue;
    const limited: Verdict = !over.has(patternId)
      ? verdict
      : { status: before && stands(before) ? 'retired' : 'candidate', reason: 'over_limit' };
    if (limited.status === 'candidate' && before && before.status !== 'candidate') continue;
    if (limited.status === 'dormant' && before) {
      keep(before, makeDormant(before, limited.reason, { asOf, runId }, halfLife));
      continue;
    }
    const pattern = renew(before, finding, limited, input, opposites.get(patternId) ?? before?.supersedes);
    keep(before, pattern);
    if (keepsDigests(pattern)) evidence.push({ pattern, current: finding.evidence });
  }
  for (const [old, by] of reversals) {
    const before = stored.get(old)!;
    keep(before, supersede(before, by, asOf, runId));
  }
  const dropped = previous.filter(({ status, patternId }) => status === 'candidate' && !after.has(patternId));
  const gone = new Set(dropped.map(({ patternId }) => patternId));
  const untouched = previous.filter(({ patternId }) => !after.has(patternId) && !gone.has(patternId));
  return { patterns: [...after.values(), ...untouched], changes, dropped, evidence };
}

/** Sorts by time, then by id. Ids are unique only within an agent. */
const orderOf = ({ timestamp, decisionId, agentId = '' }: EvidenceDigest): string =>
  `${timestamp}#${decisionId}#${agentId}`;

/** Keeps digests from before the window, where they are all that is left. Within the window, the decisions make new ones. */
export const mergeDigests = (
  kept: readonly EvidenceDigest[],
  current: readonly EvidenceDigest[],
  windowAfter: string,
): EvidenceDigest[] =>
  [...kept.filter(({ timestamp }) => timestamp <= windowAfter), ...current]
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : orderOf(a) > orderOf(b) ? -1 : 0))
    .slice(0, MAX_DIGESTS);
