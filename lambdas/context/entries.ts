import { describeCondition } from '../mining/judging/describe.ts';
import type { Decision } from '../decisions/decision.ts';
import { timeOf } from '../memories/search/memory-collection.ts';
import type { Hit } from '../memories/search/ranking.ts';
import type { Matched } from '../patterns/pattern-matching.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { canonicalJson, ulidOf } from '../shared/platform/ids.ts';
import type { Delivery } from '../signals/signal.ts';
import { severities } from '../signals/signal-limits.ts';
import type { Entry } from './budget.ts';
import type { PastSession } from './past-sessions.ts';
import type { Candidate, Ending, Score } from './ranking.ts';
import { describeMap, featuresOf, valueTermsOf } from './situation.ts';
import { asData, asLine } from './stored-text.ts';
import { termsOf } from '../shared/text/terms.ts';

/** A record that may be relevant, and how it would be shown. */
export interface Relevant extends Candidate {
  readonly kind: 'decision' | 'memory' | 'session';
  readonly id: string;
  /** Its owner. */
  readonly agentId: string;
  /** Its kind and endings, shown before its text. */
  readonly what: string;
  readonly body: string;
}

/** Decisions that are equal but for their time and end. */
export interface DecisionGroup extends Relevant {
  readonly kind: 'decision';
  /** Newest first. */
  readonly decisions: readonly Decision[];
}

/** The feature of records on the session's topic. No path is empty, so no other feature has this name. */
export const ON_TOPIC = '=topic';

/** The mark before a record: a model refers to it by `ref`, and the answer maps it to an id. */
export type Referenced<Of> = Of & { readonly ref: string };

export function ageOf(timestamp: string, now: Date): string {
  const age = Math.max(0, now.getTime() - Date.parse(timestamp));
  if (age < MINUTE_MS) return 'now';
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)} min ago`;
  if (age < 2 * DAY_MS) return `${Math.floor(age / HOUR_MS)} h ago`;
  return `${Math.floor(age / DAY_MS)} d ago`;
}

const endingOf = ({ status }: Decision): Ending =>
  status === 'success' || status === 'failure' ? status : 'unknown';

const endingsOf = (decisions: readonly Decision[]): Record<Ending, number> => {
  const endings = { success: 0, failure: 0, unknown: 0 };
  for (const decision of decisions) endings[endingOf(decision)]++;
  return endings;
};

/** `success`, or `3 times: 2 success, 1 failure`. */
function describeEndings(endings: Candidate['endings']): string {
  const parts = (['success', 'failure', 'unknown'] as const)
    .filter((ending) => endings[ending] > 0)
    .map((ending) => [endings[ending], ending === 'unknown' ? 'open' : ending] as const);
  const times = parts.reduce((sum, [n]) => sum + n, 0);
  if (times === 1) return parts[0]![1];
  return parts.length === 1
    ? `${times} times, always ${parts[0]![1]}`
    : `${times} times: ${parts.map(([n, ending]) => `${n} ${ending}`).join(', ')}`;
}

const names = new WeakMap<Decision, string>();

/** Equal for decisions that differ in time and end only. Cached, because every call groups the same decisions. */
function groupNameOf(decision: Decision): string {
  const known = names.get(decision);
  if (known !== undefined) return known;
  const { decisionType, action, reasoning, context } = decision;
  const name = canonicalJson([decisionType, action, reasoning?.selected, context]);
  names.set(decision, name);
  return name;
}

/**
 * Decisions as candidates. The same action in the same context is one candidate, with its count and endings: ten places
 * are too few to show one thing four times.
 */
export function groupDecisions(
  decisions: readonly Decision[],
  onTopic: ReadonlySet<string> = new Set(),
): DecisionGroup[] {
  const groups = new Map<string, Decision[]>();
  for (const decision of decisions) {
    const name = groupNameOf(decision);
    const group = groups.get(name);
    if (group) group.push(decision);
    else groups.set(name, [decision]);
  }
  return [...groups.values()].map((group) => groupOf(group, onTopic));
}

/** @param onTopic sessions on the topic asked about: decisions made in them have the feature ON_TOPIC */
export function groupOf(some: readonly Decision[], onTopic: ReadonlySet<string>): DecisionGroup {
  const decisions = [...some].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1));
  const newest = decisions[0]!;
  const endings = endingsOf(decisions);
  const isOnTopic = decisions.some(({ sessionId }) => sessionId !== undefined && onTopic.has(sessionId));
  const { terms, features, body } = traitsOf(newest);
  return {
    kind: 'decision',
    id: newest.decisionId,
    agentId: newest.agentId,
    decisions,
    timestamp: newest.timestamp,
    endings,
    terms,
    features: isOnTopic ? new Set([...features, ON_TOPIC]) : features,
    what: `decision ${newest.decisionType}, ${describeEndings(endings)}`,
    body,
  };
}

type Traits = Pick<Relevant, 'terms' | 'features' | 'body'>;
const traits = new WeakMap<Decision, Traits>();

/** The words, features and text of one decision, made once. */
function traitsOf(decision: Decision): Traits {
  const known = traits.get(decision);
  if (known) return known;
  const { decisionType, action, context, reasoning, outcome, tags } = decision;
  const selected = reasoning?.selected?.join(', ');
  const errors = outcome?.errors?.join('; ');
  const made: Traits = {
    terms: new Set([
      ...termsOf([decisionType, action, selected, tags?.join(' '), errors].filter(Boolean).join(' ')),
      ...valueTermsOf(context),
    ]),
    features: featuresOf(context),
    body: [
      action && `${action};`,
      selected && `selected ${selected};`,
      describeMap(context),
      errors && `; errors: ${errors}`,
    ]
      .filter(Boolean)
      .join(' '),
  };
  traits.set(decision, made);
  return made;
}

/**
 * A memory its search found. Its words weigh as those of any candidate. Where vectors found it, their cosine counts as
 * its relevance if that is higher.
 */
export function memoryCandidate({ memory, why }: Hit, onTopic: ReadonlySet<string>): Relevant {
  const { memoryId, agentId, memoryType, content, text, tags, metadata, provenance, outcome } = memory;
  const status = outcome?.status;
  const features = featuresOf(typeof content === 'string' ? undefined : content);
  if (provenance?.sessionId !== undefined && onTopic.has(provenance.sessionId)) features.add(ON_TOPIC);
  const terms = termsOf(`${text} ${tags.join(' ')}`);
  const values = valueTermsOf(metadata);
  return {
    kind: 'memory',
    id: memoryId,
    agentId,
    timestamp: timeOf(memory),
    endings: {
      success: status === 'success' ? 1 : 0,
      failure: status === 'failure' ? 1 : 0,
      unknown: status === undefined ? 1 : 0,
    },
    terms: values.size === 0 ? terms : new Set([...terms, ...values]),
    features,
    ...(why.vector && { found: Math.max(0, Math.min(1, why.vector.cosine)) }),
    what: `memory ${memoryType}${status === undefined ? '' : `, ${status}`}`,
    body: text,
  };
}

export const sessionCandidate = (session: PastSession): Relevant => ({
  kind: 'session',
  id: session.sessionId,
  agentId: session.agentId,
  timestamp: session.lastAt,
  endings: { success: 0, failure: 0, unknown: 1 },
  terms: termsOf(`${session.topic ?? ''} ${session.summary}`),
  features: new Set([ON_TOPIC]),
  what: 'earlier session on this topic',
  body: session.summary,
});

const REFERENCES = { decision: 'd', memory: 'm', session: 'c' } as const;

/** Ranked records as entries, numbered within their kind: `[d1]`, `[m1]`, `[c1]`. */
export function relevantEntries(
  ranked: readonly (Score & { readonly of: Relevant })[],
  agentId: string,
  now: Date,
): Entry<Referenced<Score & { readonly of: Relevant }>>[] {
  const numbers = { decision: 0, memory: 0, session: 0 };
  return ranked.map((scored) => {
    const { kind, what, timestamp, body, agentId: owner } = scored.of;
    const ref = `${REFERENCES[kind]}${++numbers[kind]}`;
    const whose = owner === agentId ? '' : ` of ${asLine(owner)}`;
    return {
      of: { ...scored, ref },
      head: `[${ref}] ${asLine(what)}${whose}, ${ageOf(timestamp, now)}:`,
      body: asData(body),
    };
  });
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/**
 * Patterns as entries: one to repeat and one to avoid in turn, each in the order given. So neither successes nor failures
 * crowd out the other.
 */
export function insightEntries(matched: readonly Matched[]): Entry<Referenced<Matched>>[] {
  const [repeat, avoid] = (['success', 'failure'] as const).map((asserts) =>
    matched.filter((pattern) => pattern.asserts === asserts),
  );
  const inTurn = Array.from({ length: matched.length }, (_, i) => [repeat?.[i], avoid?.[i]])
    .flat()
    .filter((pattern) => pattern !== undefined);
  return inTurn.map((pattern, i) => {
    const { asserts, decisionType, conditions, n, rate, confidence, baseline, standing } = pattern;
    const ref = `p${i + 1}`;
    const from = standing ? ` (learned by ${asLine(pattern.agentId)}, ${standing} here)` : '';
    const verb = asserts === 'success' ? 'succeeded' : 'failed';
    return {
      of: { ...pattern, ref },
      head: `[${ref}] ${asserts === 'success' ? 'repeat' : 'avoid'}${from}:`,
      body: asData(
        `${decisionType} with ${conditions.map(describeCondition).join(' and ')} ${verb} in ${percent(rate)} of ${n} ` +
          `(at least ${percent(confidence)}; all: ${percent(baseline)})`,
      ),
    };
  });
}

/**
 * Waiting deliveries as entries: the most severe first, among equals one of each source in turn, and of each the newest
 * first. So no source crowds out another.
 */
export function signalEntries(waiting: readonly Delivery[], now: Date): Entry<Referenced<Delivery>>[] {
  const turns = new Map<string, number>();
  return [...waiting]
    .sort((a, b) => byText(b.timestamp, a.timestamp) || byText(ulidOf(b.signalId), ulidOf(a.signalId)))
    .map((delivery) => {
      const { severity, sourceAgent } = delivery;
      const turn = (turns.get(`${severity} ${sourceAgent}`) ?? 0) + 1;
      turns.set(`${severity} ${sourceAgent}`, turn);
      return { delivery, turn };
    })
    .sort(
      (a, b) =>
        severities.indexOf(a.delivery.severity) - severities.indexOf(b.delivery.severity) || a.turn - b.turn,
    )
    .map(({ delivery }, i) => {
      const { severity, signalType, sourceAgent, timestamp, recommendedAction, data, confidence } = delivery;
      const ref = `s${i + 1}`;
      const advice = recommendedAction === undefined ? '' : `${recommendedAction} – `;
      return {
        of: { ...delivery, ref },
        head: `[${ref}] ${severity} ${signalType} from ${asLine(sourceAgent)}, ${ageOf(timestamp, now)}:`,
        body: asData(`${advice}${describeMap(data)} (confidence ${confidence})`),
      };
    });
}
