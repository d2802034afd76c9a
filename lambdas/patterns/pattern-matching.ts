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
import { type OfferedPattern, type OfferedPatterns, ruleOf, standingOf } from './offered-patterns.ts';
import type { PatternStore } from './pattern-store.ts';
import { type LastRuns, PromotedPatterns } from './promoted-patterns.ts';
import type { Standing } from './standing.ts';

export interface Situation {
  readonly decisionType?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals the agent knows of. Absent: those it has seen are looked up. */
  readonly signals?: readonly string[];
  /** Decisions that came before and what was known of them. Absent: looked up. */
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

/** A pattern that applies: the agent's own, or, where it has a standing, one that its owner offers the agent. */
export type Matched = PatternSummary & { readonly standing?: Standing };

const DEFAULT_RESULTS = 20;
/** Agents whose offers one warm function instance remembers. */
const MAX_REMEMBERED = 500;
/** How long a match relies on what others offered: theirs has no mark to ask for, and it is many rows. */
const OFFERS_TRUSTED_MS = MINUTE_MS;

/** Which promoted patterns apply to a situation. */
export class PatternMatching {
  readonly #promoted: PromotedPatterns;
  readonly #offers: OfferedPatterns;
  readonly #cases: WindowCases;
  readonly #clock: Clock;
  readonly #offered = new BoundedMap<
    string,
    { readonly at: number; readonly offers: readonly OfferedPattern[] }
  >(MAX_REMEMBERED);

  /** @param runsTrustedMs how long a match may rely on no run having ended since it last asked */
  constructor(
    store: PatternStore,
    offers: OfferedPatterns,
    runs: LastRuns,
    cases: WindowCases,
    clock: Clock,
    runsTrustedMs = 0,
  ) {
    this.#promoted = new PromotedPatterns(store, runs, { clock, trustedMs: runsTrustedMs });
    this.#offers = offers;
    this.#cases = cases;
    this.#clock = clock;
  }

  /**
   * Best lower bound first; patterns that assert success and such that assert failure. After the agent's own come
   * those of others, first what its own outcomes confirm; what they contradict is left out, and what it knows itself.
   *
   * What the caller does not say of signals and of preceding decisions is looked up, for the patterns that ask: one
   * query for the signals seen, and one for each agent and type of a sequence (at most `MAX_LOOK_BACK` decisions of
   * it, 25 read units at 1 KB each). Agents without such patterns pay for neither.
   */
  async match(agentId: string, situation: Situation): Promise<Matched[]> {
    const now = this.#clock();
    assertNotAhead(now, situation.timestamp, 'timestamp');
    const { decisionType, timestamp = now.toISOString(), context, action, selected } = situation;
    const isOfType = (pattern: PatternSummary): boolean =>
      decisionType === undefined || pattern.decisionType === decisionType;
    const [promoted, offered] = await Promise.all([
      this.#promoted.of(agentId),
      this.#offeredTo(agentId, now),
    ]);
    const patterns = promoted.filter(isOfType);
    const offers = offered.filter(
      ({ pattern, standing }) => standing?.standing !== 'contradicted' && isOfType(pattern),
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
      // Only its own patterns name no other agents but those that it follows up.
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
    const isConfirmed = (offer: OfferedPattern): boolean => standingOf(offer) === 'confirmed';
    return [
      ...own,
      ...[...others.filter(isConfirmed), ...others.filter((offer) => !isConfirmed(offer))].map((offer) => ({
        ...summaryOf(offer.pattern),
        standing: standingOf(offer),
      })),
    ].slice(0, situation.maxResults ?? DEFAULT_RESULTS);
  }

  async #offeredTo(agentId: string, now: Date): Promise<readonly OfferedPattern[]> {
    const remembered = this.#offered.get(agentId);
    if (remembered && now.getTime() - remembered.at < OFFERS_TRUSTED_MS) return remembered.offers;
    const offers = await this.#offers.to(agentId);
    this.#offered.set(agentId, { at: now.getTime(), offers });
    return offers;
  }

  /** A signal the caller says it knows of is taken for seen within whatever window a pattern has. */
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
