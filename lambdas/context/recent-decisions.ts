import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Decision } from '../decisions/decision.ts';
import type { DecisionList } from '../decisions/decision-list.ts';
import type { DecisionLog } from '../decisions/decision-log.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';
import { type Clock, DAY_MS, MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/**
 * The newest decisions are looked at, so many of all types together: 125 read units at 1 KB each, when an instance first
 * meets the agent and every quarter of an hour.
 */
const MAX_DECISIONS = 1_000;
/** Where an agent has many types, of each at least. */
const LEAST_PER_TYPE = 100;
/** Types, the first by name: an agent has a handful. */
const MAX_TYPES = 25;
/** News between two calls: more are found when everything is read again. */
const MAX_NEWS = 50;
/** Decisions one warm instance remembers, of all agents. */
const MAX_REMEMBERED = 20_000;
/** How old what is remembered may get. Decisions with times in the past are only found by reading all again. */
const RELIABLE_MS = 15 * MINUTE_MS;
/** How old what is shown may be: a decision read longer ago is read again before it is shown. */
const SHOWABLE_MS = 30 * SECOND_MS;
/** News are asked for from so long before the newest known: an index, or a read of the week, may show a later one first. */
const LAG_MS = 10 * SECOND_MS;
/** Of what was read eventually consistent: never shown without being read again. */
const UNVERIFIED = -Infinity;

interface Remembered {
  /** When all of it was read. */
  readonly readAt: number;
  readonly byId: Map<string, { readonly decision: Decision; readonly readAt: number }>;
}

export interface RecentDecisionsParts {
  readonly registry: AgentRegistry;
  readonly window: DecisionWindow;
  readonly list: DecisionList;
  readonly log: DecisionLog;
  readonly clock: Clock;
}

/**
 * An agent's decisions of the last seven days, whole. A warm instance remembers them and asks for news: one query of an
 * index (0.5 read units), one for all decisions that are new or ended since. A decision just logged may be missing
 * for the moment the index lags.
 */
export class RecentDecisions {
  readonly #parts: RecentDecisionsParts;
  readonly #remembered = new Map<string, Remembered>();

  constructor(parts: RecentDecisionsParts) {
    this.#parts = parts;
  }

  async of(agentId: string): Promise<Decision[]> {
    const now = this.#parts.clock();
    const known = this.#remembered.get(agentId);
    const from = new Date(now.getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const remembered =
      known && now.getTime() - known.readAt < RELIABLE_MS
        ? await this.#catchUp(agentId, known, from)
        : await this.#read(agentId, from);
    return [...remembered.byId.values()]
      .map(({ decision }) => decision)
      .filter(({ timestamp, status }) => timestamp >= from && status !== 'voided');
  }

  /** These decisions as they are now; those that are gone, or voided since, are left out. */
  async asTheyAre(agentId: string, decisions: readonly Decision[]): Promise<Decision[]> {
    const now = this.#parts.clock().getTime();
    const byId = this.#remembered.get(agentId)?.byId;
    const fresh: Decision[] = [];
    const old: string[] = [];
    for (const { decisionId } of decisions) {
      const known = byId?.get(decisionId);
      if (known && now - known.readAt < SHOWABLE_MS) fresh.push(known.decision);
      else old.push(decisionId);
    }
    const current = [...fresh, ...(await this.#readAgain(agentId, old, byId))];
    return current.filter(({ status }) => status !== 'voided');
  }

  /** One request for all of them, none for none. */
  async #readAgain(
    agentId: string,
    decisionIds: readonly string[],
    byId: Remembered['byId'] | undefined,
  ): Promise<Decision[]> {
    const found = await this.#parts.log.findMany(decisionIds.map((decisionId) => ({ agentId, decisionId })));
    for (const decisionId of decisionIds) byId?.delete(decisionId);
    const readAt = this.#parts.clock().getTime();
    for (const decision of found) byId?.set(decision.decisionId, { decision, readAt });
    return found;
  }

  async #catchUp(agentId: string, known: Remembered, from: string): Promise<Remembered> {
    const newest = [...known.byId.values()].reduce(
      (latest, { decision: { timestamp } }) => (timestamp > latest ? timestamp : latest),
      from,
    );
    const since = new Date(Date.parse(newest) - LAG_MS).toISOString();
    const { items } = await this.#parts.list.ofAgent(agentId, { from: since, maxResults: MAX_NEWS });
    const news = items.filter(
      ({ decisionId, status }) => known.byId.get(decisionId)?.decision.status !== status,
    );
    await this.#readAgain(
      agentId,
      news.map(({ decisionId }) => decisionId),
      known.byId,
    );
    return known;
  }

  async #read(agentId: string, from: string): Promise<Remembered> {
    const { registry, window, clock } = this.#parts;
    const now = clock();
    const types = (await registry.decisionTypes(agentId)).sort().slice(0, MAX_TYPES);
    const perType = Math.max(LEAST_PER_TYPE, Math.floor(MAX_DECISIONS / Math.max(1, types.length)));
    // The clocks of those who log may be a little ahead.
    const until = new Date(now.getTime() + 5 * MINUTE_MS).toISOString();
    const byType = await Promise.all(
      types.map((decisionType) => window.newest({ agentId, decisionType, after: from, until }, perType)),
    );
    const remembered: Remembered = {
      readAt: now.getTime(),
      byId: new Map(byType.flat().map((decision) => [decision.decisionId, { decision, readAt: UNVERIFIED }])),
    };
    const others = [...this.#remembered.values()].reduce((sum, { byId }) => sum + byId.size, 0);
    if (others + remembered.byId.size > MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(agentId, remembered);
    return remembered;
  }
}
