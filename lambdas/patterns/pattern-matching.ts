import { extractFeatures } from '../consolidation/mining/features.ts';
import { conditionHolds } from '../consolidation/mining/matching.ts';
import type { MiningSettings } from '../consolidation/mining/types.ts';
import type { RunLedger } from '../consolidation/run-ledger.ts';
import { assertNotAhead, type Clock, MINUTE_MS } from '../shared/platform/clock.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import { type OfferedPattern, type OfferedPatterns, ruleOf, standingOf } from './offered-patterns.ts';
import type { PatternStore } from './pattern-store.ts';
import type { Standing } from './standing.ts';

export interface Situation {
  readonly decisionType?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals the agent knows of. */
  readonly signals?: readonly string[];
  readonly timestamp?: string;
  readonly maxResults?: number;
}

/** A pattern that applies: the agent's own, or, where it has a standing, one that its owner offers the agent. */
export type Matched = PatternSummary & { readonly standing?: Standing };

interface Remembered {
  readonly mark: string;
  readonly patterns: readonly PatternSummary[];
}

const DEFAULT_RESULTS = 20;
/** Agents whose patterns one warm function instance remembers. */
const MAX_REMEMBERED = 500;
/** How long a match relies on what others offered: theirs has no mark to ask for, and it is many rows. */
const OFFERS_TRUSTED_MS = MINUTE_MS;

/** Which promoted patterns apply to a situation. */
export class PatternMatching {
  readonly #store: PatternStore;
  readonly #offers: OfferedPatterns;
  readonly #ledger: RunLedger;
  readonly #settings: MiningSettings;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  readonly #offered = new Map<string, { readonly at: number; readonly offers: readonly OfferedPattern[] }>();

  constructor(
    store: PatternStore,
    offers: OfferedPatterns,
    ledger: RunLedger,
    settings: MiningSettings,
    clock: Clock,
  ) {
    this.#store = store;
    this.#offers = offers;
    this.#ledger = ledger;
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Best lower bound first; patterns that assert success and such that assert failure. After the agent's own come
   * those of others, first what its own outcomes confirm; what they contradict is left out, and what it knows itself.
   */
  async match(agentId: string, situation: Situation): Promise<Matched[]> {
    const now = this.#clock();
    assertNotAhead(now, situation.timestamp, 'timestamp');
    const features = extractFeatures(
      {
        decisionId: '',
        timestamp: situation.timestamp ?? now.toISOString(),
        context: situation.context,
        action: situation.action,
        selected: situation.selected,
        signalTypes: new Set(situation.signals),
      },
      this.#settings,
    );
    const applies = ({ decisionType, conditions }: PatternSummary): boolean =>
      (situation.decisionType === undefined || decisionType === situation.decisionType) &&
      conditions.every((condition) => conditionHolds(condition, features));
    const own = (await this.#promoted(agentId)).filter(applies);
    const known = new Set(own.map(ruleOf));
    const offered = (await this.#offeredTo(agentId, now)).filter(
      ({ pattern, standing }) =>
        standing?.standing !== 'contradicted' && applies(pattern) && !known.has(ruleOf(pattern)),
    );
    const isConfirmed = (offer: OfferedPattern): boolean => standingOf(offer) === 'confirmed';
    return [
      ...own,
      ...[...offered.filter(isConfirmed), ...offered.filter((offer) => !isConfirmed(offer))].map((offer) => ({
        ...summaryOf(offer.pattern),
        standing: standingOf(offer),
      })),
    ].slice(0, situation.maxResults ?? DEFAULT_RESULTS);
  }

  async #offeredTo(agentId: string, now: Date): Promise<readonly OfferedPattern[]> {
    const remembered = this.#offered.get(agentId);
    if (remembered && now.getTime() - remembered.at < OFFERS_TRUSTED_MS) return remembered.offers;
    const offers = await this.#offers.to(agentId);
    if (this.#offered.size >= MAX_REMEMBERED) this.#offered.clear();
    this.#offered.set(agentId, { at: now.getTime(), offers });
    return offers;
  }

  /**
   * Patterns change when a run ends, so they are read again when the mark of the agent's last run has moved: one
   * small read a match instead of hundreds of rows. The mark is read first; what is remembered is never older than it.
   */
  async #promoted(agentId: string): Promise<readonly PatternSummary[]> {
    const lastRun = (await this.#ledger.lastRuns([agentId])).get(agentId);
    const mark = lastRun && `${lastRun.runId} ${lastRun.startedAt}`;
    const remembered = this.#remembered.get(agentId);
    if (mark !== undefined && remembered?.mark === mark) return remembered.patterns;
    const patterns = (await this.#store.ofAgent(agentId))
      .filter(({ status }) => status === 'promoted')
      .sort((a, b) => b.confidence - a.confidence || (a.patternId < b.patternId ? -1 : 1))
      .map(summaryOf);
    if (mark === undefined) return patterns;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(agentId, { mark, patterns });
    return patterns;
  }
}
