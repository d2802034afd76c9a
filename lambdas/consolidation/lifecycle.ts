import type { EvidenceDigest, Pattern, PatternNumbers, PatternStatus } from '../patterns/pattern.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import type { Finding, MiningResult, MiningSettings } from './mining/types.ts';
import { storableFinding } from './storable-finding.ts';

/**
 * What a pattern becomes when a run has looked again. Pure: a function of the patterns before the run, of what the
 * run found, and of `asOf`, and a fixpoint – applied to its own result it changes nothing, so a run that was killed
 * half-way is simply run again.
 *
 *     (mined)  ─► candidate ─► promoted ─► suspect ─► retired
 *                               ▲   ▲────────┘           │      dormant: its evidence has aged out
 *                               └────────────────────────┘
 *
 * A promoted pattern stays promoted under milder terms than it was promoted on (`holds`): the corrected test moves
 * with everything else that is tested in a run, and a pattern should not flicker because others were tested too.
 */

/** Level of the uncorrected p-value at which a promoted pattern still holds. */
export const HOLD_LEVEL = 0.05;
/** What is not even significant tested alone is no candidate: the nearest by rank may be far away. */
export const CANDIDATE_LEVEL = 0.05;
/** A rate that moved by this much since the last version makes a new one. */
export const VERSION_STEP = 0.05;
/** Decisions a pattern keeps beyond their own retention. */
export const MAX_DIGESTS = 50;

export interface LifecycleInput {
  readonly agentId: string;
  readonly decisionType: string;
  readonly runId: string;
  readonly asOf: string;
  readonly settings: MiningSettings;
  /** Patterns of this agent and type, as stored. */
  readonly previous: readonly Pattern[];
  readonly mined: MiningResult;
  /** The previous patterns that hold or are suspect and are not among the findings, beside those now promoted. */
  readonly retested: readonly Finding[];
}

export interface Change {
  readonly before?: Pattern;
  readonly after: Pattern;
}

export interface LifecycleResult {
  /** Every pattern of the type after the run. */
  readonly patterns: readonly Pattern[];
  /** Those that differ from what is stored. */
  readonly changes: readonly Change[];
  /** Candidates that never were promoted and no longer make the cut. */
  readonly dropped: readonly Pattern[];
  /** Current matches of each pattern that keeps digests. */
  readonly evidence: readonly { readonly pattern: Pattern; readonly current: readonly EvidenceDigest[] }[];
}

interface Verdict {
  readonly status: PatternStatus;
  readonly reason: string;
}

const isExplained = (finding: Finding): boolean => finding.explainedBy !== undefined;

const isCandidate = (finding: Finding): boolean =>
  finding.numbers.pValue <= CANDIDATE_LEVEL && !isExplained(finding) && finding.reason !== 'mirror_image';

/** The previous patterns a run has to test again when mining did not list them. */
export const needsRetest = (pattern: Pattern): boolean =>
  pattern.status === 'promoted' || pattern.status === 'suspect';

const keepsDigests = ({ status }: Pattern): boolean => status !== 'candidate' && status !== 'hypothesis';

/** Why a promoted pattern no longer holds; undefined while it does. */
function failureOf(numbers: PatternNumbers): string | undefined {
  if (!(numbers.confidence > numbers.baseline)) return 'below_baseline';
  if (!(numbers.pValue <= HOLD_LEVEL)) return 'not_significant';
  if (!(numbers.recentRate > numbers.recentBaseline)) return 'recent_rate_below';
  return undefined;
}

/** @param listed the finding comes from mining; false: it was tested alone */
function verdictOn(
  before: Pattern | undefined,
  finding: Finding,
  listed: boolean,
  { asOf, settings }: LifecycleInput,
): Verdict {
  if (listed && finding.verdict === 'promote') return { status: 'promoted', reason: 'significant' };
  if (!before || before.status === 'candidate') return { status: 'candidate', reason: finding.reason };
  if (!needsRetest(before)) return before;
  if (finding.numbers.n < settings.minOccurrences) return { status: 'dormant', reason: 'evidence_aged_out' };
  if (isExplained(finding)) return { status: 'retired', reason: finding.reason };
  const failure = failureOf(finding.numbers);
  if (!failure) return { status: 'promoted', reason: 'still_holds' };
  const failedBefore = before.status === 'suspect' && before.statusSince < asOf;
  return { status: failedBefore ? 'retired' : 'suspect', reason: failure };
}

function renew(
  before: Pattern | undefined,
  finding: Finding,
  { status, reason }: Verdict,
  { agentId, decisionType, asOf, runId }: LifecycleInput,
): Pattern {
  const { numbers, patternId, asserts, conditions, description, explain, explainedBy } =
    storableFinding(finding);
  const statusChanged = status !== before?.status;
  const moved = before && Math.abs(numbers.rate - before.versionRate) >= VERSION_STEP - 1e-9;
  const newVersion = statusChanged || moved;
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
    reason,
    ...(explainedBy !== undefined && status !== 'promoted' && { explainedBy }),
    ...(before?.supersedes !== undefined && { supersedes: before.supersedes }),
    asOf,
    version: before ? before.version + (newVersion ? 1 : 0) : 1,
    versionRate: before && !newVersion ? before.versionRate : numbers.rate,
    statusSince: before && !statusChanged ? before.statusSince : asOf,
    statusRunId: before && !statusChanged ? before.statusRunId : runId,
  };
}

/** More promoted than are kept: what was found significant in this run goes first, then the higher confidence. */
function overLimit(found: readonly { finding: Finding; verdict: Verdict }[], limit: number): Set<string> {
  const over = new Set<string>();
  for (const asserts of ['success', 'failure']) {
    const promoted = found
      .filter(({ finding, verdict }) => finding.asserts === asserts && verdict.status === 'promoted')
      .sort(
        (a, b) =>
          Number(b.verdict.reason === 'significant') - Number(a.verdict.reason === 'significant') ||
          b.finding.numbers.confidence - a.finding.numbers.confidence ||
          (a.finding.patternId < b.finding.patternId ? -1 : 1),
      );
    for (const { finding } of promoted.slice(limit)) over.add(finding.patternId);
  }
  return over;
}

export function advance(input: LifecycleInput): LifecycleResult {
  const { previous, mined, retested, settings } = input;
  const known = new Map(previous.map((pattern) => [pattern.patternId, pattern]));
  const found = [
    ...mined.findings.map((finding) => ({ finding, listed: true })),
    ...retested.map((finding) => ({ finding, listed: false })),
  ].map(({ finding, listed }) => {
    const before = known.get(finding.patternId);
    return { before, finding, verdict: verdictOn(before, finding, listed, input) };
  });
  const over = overLimit(found, settings.maxPromoted);

  const after = new Map<string, Pattern>();
  const changes: Change[] = [];
  const evidence: LifecycleResult['evidence'][number][] = [];
  for (const { before, finding, verdict } of found) {
    // What has ended, and is not found again, stays exactly as it ended.
    if (before && !needsRetest(before) && before.status !== 'candidate' && verdict.status === before.status)
      continue;
    if (verdict.status === 'candidate' && !isCandidate(finding)) continue;
    const limited: Verdict = !over.has(finding.patternId)
      ? verdict
      : { status: before && needsRetest(before) ? 'retired' : 'candidate', reason: 'over_limit' };
    if (limited.status === 'candidate' && before && before.status !== 'candidate') continue;
    const pattern = renew(before, finding, limited, input);
    after.set(pattern.patternId, pattern);
    if (canonicalJson(pattern) !== canonicalJson(before)) changes.push({ before, after: pattern });
    if (keepsDigests(pattern)) evidence.push({ pattern, current: finding.evidence });
  }
  const dropped = previous.filter(({ status, patternId }) => status === 'candidate' && !after.has(patternId));
  const gone = new Set(dropped.map(({ patternId }) => patternId));
  const untouched = previous.filter(({ patternId }) => !after.has(patternId) && !gone.has(patternId));
  return { patterns: [...after.values(), ...untouched], changes, dropped, evidence };
}

/** In order of time; ids are unique to an agent only. */
const orderOf = ({ timestamp, decisionId, agentId = '' }: EvidenceDigest): string =>
  `${timestamp}#${decisionId}#${agentId}`;

/** Digests older than the window are all that is left of their decisions; inside it the decisions speak themselves. */
export const mergeDigests = (
  kept: readonly EvidenceDigest[],
  current: readonly EvidenceDigest[],
  windowAfter: string,
): EvidenceDigest[] =>
  [...kept.filter(({ timestamp }) => timestamp <= windowAfter), ...current]
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : orderOf(a) > orderOf(b) ? -1 : 0))
    .slice(0, MAX_DIGESTS);
