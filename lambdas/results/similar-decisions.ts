import { wilsonInterval } from '../mining/statistics/wilson.ts';
import type { Features, FeatureValue, MiningSettings } from '../mining/types.ts';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Decision, Outcome } from '../decisions/decision.ts';
import type { DecisionLog } from '../decisions/decision-log.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { dayOf, pnlOf } from './decision-result.ts';
import type { SimilarRequest } from './similar-contract.ts';
import { contextFeatures, type PastCase, type PastCases } from './past-cases.ts';
import { featureDistance, type Scales, scalesOf, situationDistance } from './situation-distance.ts';

interface Ranked extends PastCase {
  readonly distance: number;
}

const DEFAULT_TOP_K = 5;
const MAX_DIFFERENCES = 5;
/** Distances that differ by less are ties. */
const TIE = 1e-9;

export interface SimilarDecisionsParts {
  readonly cases: PastCases;
  readonly log: DecisionLog;
  readonly registry: AgentRegistry;
  readonly settings: MiningSettings;
}

/** Finds the nearest of an agent's resolved decisions. */
export class SimilarDecisions {
  readonly #parts: SimilarDecisionsParts;

  constructor(parts: SimilarDecisionsParts) {
    this.#parts = parts;
  }

  /**
   * Nearest first. Of equally near decisions the one of the later day comes first, then the more confident, then the
   * later. Outcomes are those of this moment.
   * @throws ValidationFailedError for a situation without values, or a weight of something that is not in it
   */
  async find(agentId: string, request: SimilarRequest) {
    const { situation, topK = DEFAULT_TOP_K, includeOlder = false } = request;
    const asked = contextFeatures(situation, this.#parts.settings);
    if (asked.size === 0) throw ValidationFailedError.at('situation', 'must hold a value to compare by');
    const weightOf = weightsFor(asked, request.weights);
    const { cases, truncated } = includeOlder
      ? await this.#parts.cases.all(agentId, await this.#parts.registry.decisionTypes(agentId))
      : { cases: await this.#parts.cases.newest(agentId), truncated: false };
    const scales = scalesOf(
      asked.keys(),
      cases.map(({ features }) => features),
    );
    const candidates = cases
      .filter(({ decision }) => matches(decision, request))
      .map((past): Ranked => ({
        ...past,
        distance: situationDistance(asked, past.features, scales, weightOf),
      }))
      .sort(nearestFirst);
    const nearest = await this.#confirmed(agentId, candidates, request, topK);
    const successes = nearest.filter(({ decision }) => decision.status === 'success').length;
    return {
      items: nearest.map((past) => answerOf(past, asked, scales)),
      considered: candidates.length,
      truncated,
      outcomes: {
        n: nearest.length,
        successes,
        rate: nearest.length === 0 ? null : successes / nearest.length,
        interval: nearest.length === 0 ? null : wilsonInterval(successes, nearest.length),
      },
    };
  }

  /** Reads the decisions of the answer again, because outcomes are corrected and decisions expire. */
  async #confirmed(
    agentId: string,
    candidates: readonly Ranked[],
    request: SimilarRequest,
    topK: number,
  ): Promise<Ranked[]> {
    const confirmed: Ranked[] = [];
    for (let start = 0; start < candidates.length && confirmed.length < topK; start += topK) {
      const some = candidates.slice(start, start + topK);
      const read = await this.#parts.log.findMany(
        some.map(({ decision: { decisionId } }) => ({ agentId, decisionId })),
      );
      const now = new Map(read.map((decision) => [decision.decisionId, decision]));
      for (const past of some) {
        const decision = now.get(past.decision.decisionId);
        if (decision && matches(decision, request)) confirmed.push({ ...past, decision });
      }
    }
    return confirmed.slice(0, topK);
  }
}

function weightsFor(asked: Features, weights: Readonly<Record<string, number>> = {}) {
  const issues = Object.keys(weights)
    .filter((path) => !asked.has(path))
    .map((path) => ({ path: `weights.${path}`, message: 'is no path of the situation' }));
  if (issues.length > 0) throw new ValidationFailedError(issues);
  const weightOf = (path: string): number => weights[path] ?? 1;
  if (![...asked.keys()].some((path) => weightOf(path) > 0))
    throw ValidationFailedError.at('weights', 'must leave something to compare by');
  return weightOf;
}

/** The trade's symbol, else the context's. */
const symbolOf = ({ outcome, context }: Decision): unknown => outcome?.trade?.symbol ?? context['symbol'];

const matches = (
  decision: Decision,
  { decisionType, action, symbol }: Pick<SimilarRequest, 'decisionType' | 'action' | 'symbol'>,
): boolean =>
  (decision.status === 'success' || decision.status === 'failure') &&
  (decisionType === undefined || decision.decisionType === decisionType) &&
  (action === undefined || decision.action === action) &&
  (symbol === undefined || symbolOf(decision) === symbol);

function nearestFirst(a: Ranked, b: Ranked): number {
  const nearer = Math.round(a.distance / TIE) - Math.round(b.distance / TIE);
  if (nearer !== 0) return nearer;
  const byText = (one: string, other: string): number => (one > other ? -1 : one < other ? 1 : 0);
  const certainty = ({ decision }: Ranked): number => decision.reasoning?.confidence ?? 0;
  return (
    byText(dayOf(a.decision.timestamp), dayOf(b.decision.timestamp)) ||
    certainty(b) - certainty(a) ||
    byText(a.decision.timestamp, b.decision.timestamp) ||
    byText(a.decision.decisionId, b.decision.decisionId)
  );
}

const shown = (feature: FeatureValue | undefined) =>
  feature?.kind === 'set' ? [...feature.values] : feature?.kind === 'value' ? feature.value : null;

function answerOf({ decision, features, distance }: Ranked, asked: Features, scales: Scales) {
  const { decisionId, decisionType, timestamp, action, status, outcome } = decision;
  const differences = [...asked]
    .map(([path, feature]) => ({
      path,
      asked: shown(feature),
      found: shown(features.get(path)),
      distance: featureDistance(feature, features.get(path), scales.get(path)),
    }))
    .filter((difference) => difference.distance > 0)
    .sort((a, b) => b.distance - a.distance || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_DIFFERENCES);
  return {
    decisionId,
    decisionType,
    timestamp,
    ...(action !== undefined && { action }),
    status: status as 'success' | 'failure',
    ...(decision.reasoning?.confidence !== undefined && { confidence: decision.reasoning.confidence }),
    distance,
    outcome: outcome!,
    differences,
    summary: summaryOf(decision, outcome!, differences),
  };
}

function summaryOf(
  { timestamp, decisionType, action }: Decision,
  outcome: Outcome,
  differences: readonly { readonly path: string; readonly asked: unknown; readonly found: unknown }[],
): string {
  const { trade, status } = outcome;
  const pnl = pnlOf(outcome);
  const what = [action, trade?.symbol].filter((text) => text !== undefined).join(' ');
  const earned = pnl === undefined ? '' : `, ${pnl > 0 ? '+' : ''}${Number(pnl.toPrecision(6))}`;
  const other = differences.map(({ path, asked, found }) => `${path} ${text(found)}, asked ${text(asked)}`);
  return (
    `${dayOf(timestamp)} ${decisionType}${what && ` ${what}`}: ${status}${earned}` +
    (other.length === 0 ? '; in the same situation' : `; other in ${other.join('; ')}`)
  );
}

const MAX_TEXT = 60;

function text(value: unknown): string {
  const said = value === null ? 'absent' : typeof value === 'string' ? value : JSON.stringify(value);
  return said.length > MAX_TEXT ? `${said.slice(0, MAX_TEXT).toWellFormed()}…` : said;
}
