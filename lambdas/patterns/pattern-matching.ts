import { sequencesAmong } from '../cases/agent-past.ts';
import { MAX_LOOK_BACK } from '../cases/decision-timeline.ts';
import { extractFeatures } from '../mining/cases/features.ts';
import { conditionHolds } from '../mining/cases/matching.ts';
import { type KnownStatus, sequencePath, signalPath } from '../mining/cases/windowed-path.ts';
import { PastLookup } from '../cases/past-lookup.ts';
import { signalsAmong, type WindowCases } from '../cases/window-cases.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { assertNotAhead, type Clock, MINUTE_MS } from '../shared/platform/clock.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import { type OfferedPattern, type OfferedPatterns, ruleOf, offerVerdictOf } from './offered-patterns.ts';
import type { PatternStore } from './pattern-store.ts';
import { type LastRuns, PromotedPatterns } from './promoted-patterns.ts';
import type { OfferVerdict } from './offer-verdict.ts';

export interface Situation {
  readonly decisionType?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals that the agent knows of. When absent, the signals it has seen are looked up. */
  readonly signals?: readonly string[];
  /** Earlier decisions with their known status. When absent, they are looked up. */
  readonly preceding?: readonly Preceding[];
  readonly timestamp?: string;
  readonly maxResults?: number;
}

export interface Preceding {
  /** @default the agent itself */
  readonly agentId?: string;
  readonly decisionType: string;
  readonly status: KnownStatus;
}

/** A pattern that applies. It is the agent's own, or, with a `standing`, one that its owner offers the agent. */
export type Matched = PatternSummary & { readonly standing?: OfferVerdict };

const DEFAULT_RESULTS = 20;
/** Agents whose offers an instance caches. */
const MAX_CACHED = 500;
/** Age up to which cached offers are used. They are many rows, and no mark says whether they changed. */
const MAX_OFFERS_AGE_MS = MINUTE_MS;

export interface PatternMatchingParts {
  readonly store: PatternStore;
  readonly offers: OfferedPatterns;
  readonly runs: LastRuns;
  readonly cases: WindowCases;
  readonly clock: Clock;
  /** Time after a check of the last run in which the cached patterns are used without another check. @default 0 */
  readonly runsTrustedMs?: number;
}

/** Finds the promoted patterns that apply to a situation. */
export class PatternMatching {
  readonly #promoted: PromotedPatterns;
  readonly #offers: OfferedPatterns;
  readonly #cases: WindowCases;
  readonly #clock: Clock;
  readonly #cachedOffers = new BoundedMap<
    string,
    { readonly at: number; readonly offers: readonly OfferedPattern[] }
  >(MAX_CACHED);

  constructor({ store, offers, runs, cases, clock, runsTrustedMs = 0 }: PatternMatchingParts) {
    this.#promoted = new PromotedPatterns(store, runs, { clock, trustedMs: runsTrustedMs });
    this.#offers = offers;
    this.#cases = cases;
    this.#clock = clock;
  }

  /**
   * Patterns with either assertion, best lower bound first. The agent's own come before those of others, and of those the
   * ones that its own outcomes confirm come first. Left out are offers that its outcomes contradict, and offers that
   * state a rule of its own.
   *
   * Signals and earlier decisions that the caller does not name are looked up, if a pattern has a condition on them. That
   * takes one query for the signals seen, and one for each agent and type of a sequence. The latter reads at most
   * `MAX_LOOK_BACK` decisions, 25 read units at 1 KB each. Agents without such patterns pay for neither.
   */
  async match(agentId: string, situation: Situation): Promise<Matched[]> {
    const now = this.#clock();
    assertNotAhead(now, situation.timestamp, 'timestamp');
    const { decisionType, timestamp = now.toISOString(), context, action, selected } = situation;
    const isOfType = (pattern: PatternSummary): boolean =>
      decisionType === undefined || pattern.decisionType === decisionType;
    const [promoted, offered] = await Promise.all([
      this.#promoted.listFor(agentId),
      this.#offeredTo(agentId, now),
    ]);
    const patterns = promoted.filter(isOfType);
    const offers = offered.filter(
      (offer) => offerVerdictOf(offer) !== 'contradicted' && isOfType(offer.pattern),
    );
    const pathsOf = (some: readonly PatternSummary[]) =>
      some.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const preceding = [
      ...(await this.#signalsAt(
        agentId,
        timestamp,
        pathsOf([...patterns, ...offers.map(({ pattern }) => pattern)]),
        situation.signals,
      )),
      // Only its own patterns: they name no other agents than those whose decisions it follows up.
      ...(await this.#sequencesAt(agentId, timestamp, pathsOf(patterns), situation.preceding)),
    ];
    const facts = {
      decisionId: '',
      timestamp,
      context,
      action,
      selected,
      signalTypes: new Set<string>(),
      preceding,
    };
    const features = extractFeatures(facts, this.#cases.settings);
    const applies = ({ conditions }: PatternSummary): boolean =>
      conditions.every((condition) => conditionHolds(condition, features));
    const own = patterns.filter(applies);
    const known = new Set(own.map(ruleOf));
    const others = offers.filter(({ pattern }) => applies(pattern) && !known.has(ruleOf(pattern)));
    const isConfirmed = (offer: OfferedPattern): boolean => offerVerdictOf(offer) === 'confirmed';
    return [
      ...own,
      ...[...others.filter(isConfirmed), ...others.filter((offer) => !isConfirmed(offer))].map((offer) => ({
        ...summaryOf(offer.pattern),
        standing: offerVerdictOf(offer),
      })),
    ].slice(0, situation.maxResults ?? DEFAULT_RESULTS);
  }

  async #offeredTo(agentId: string, now: Date): Promise<readonly OfferedPattern[]> {
    const cached = this.#cachedOffers.get(agentId);
    if (cached && now.getTime() - cached.at < MAX_OFFERS_AGE_MS) return cached.offers;
    const offers = await this.#offers.offersTo(agentId);
    this.#cachedOffers.set(agentId, { at: now.getTime(), offers });
    return offers;
  }

  /** A signal that the caller names counts as seen within the window of any pattern. */
  async #signalsAt(
    agentId: string,
    timestamp: string,
    paths: readonly string[],
    said: readonly string[] | undefined,
  ): Promise<string[]> {
    const asked = signalsAmong(paths);
    if (asked.length === 0) return [];
    const holding = said
      ? asked.filter(({ signalType }) => said.includes(signalType))
      : await this.#cases.seenAmong(agentId, timestamp, asked);
    return holding.map(({ signalType, windowMs }) => signalPath(signalType, windowMs));
  }

  /** @param paths of patterns that were found in the agent's own decisions */
  async #sequencesAt(
    agentId: string,
    timestamp: string,
    paths: readonly string[],
    said: readonly Preceding[] | undefined,
  ): Promise<string[]> {
    const asked = sequencesAmong(paths);
    if (asked.length === 0) return [];
    if (said)
      return asked
        .filter((path) =>
          said.some(
            (one) =>
              (one.agentId ?? agentId) === (path.agentId ?? agentId) &&
              one.decisionType === path.decisionType &&
              one.status === path.status,
          ),
        )
        .map(sequencePath);
    const past = new PastLookup(this.#cases, agentId, asked, timestamp, MAX_LOOK_BACK);
    const time = Date.parse(timestamp);
    await past.readFor(time, MAX_LOOK_BACK);
    return [...past.featuresAt(time, undefined).keys()];
  }
}
