import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Decision } from '../decisions/decision.ts';
import type { DecisionList } from '../decisions/decision-list.ts';
import type { DecisionLog } from '../decisions/decision-log.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';
import { type Clock, DAY_MS, MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/**
 * The newest decisions that are read, of all types together. At 1 KB each they cost 125 read units, when an instance
 * first sees the agent and every quarter of an hour.
 */
const MAX_DECISIONS = 1_000;
/** The least read of each type, where an agent has many types. */
const LEAST_PER_TYPE = 100;
/** Types that are read, the first by name. An agent has a handful. */
const MAX_TYPES = 25;
/** Changes taken in between two calls. More than these are found when everything is read again. */
const MAX_CHANGES = 50;
/** Decisions that one warm instance caches, of all agents. */
const MAX_CACHED = 20_000;
/** How old the cache may get. Decisions with times in the past are only found by reading all again. */
const CACHE_TRUSTED_MS = 15 * MINUTE_MS;
/** A decision read longer ago than this is read again before it is shown. */
const SHOWABLE_MS = 30 * SECOND_MS;
/** Changes are asked for from this long before the newest known: an eventual read can show a later one first. */
const LAG_MS = 10 * SECOND_MS;
/** `readAt` of an eventually consistent read: it is never shown without being read again. */
const UNVERIFIED = -Infinity;

interface Cached {
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
 * An agent's decisions of the last seven days, whole. A warm instance caches them and asks for changes: one query of an
 * index (0.5 read units), and one request for all decisions that are new or have ended since. A decision just logged may
 * be missing while the index lags.
 */
export class RecentDecisions {
  readonly #parts: RecentDecisionsParts;
  readonly #cache = new Map<string, Cached>();

  constructor(parts: RecentDecisionsParts) {
    this.#parts = parts;
  }

  async listFor(agentId: string): Promise<Decision[]> {
    const now = this.#parts.clock();
    const known = this.#cache.get(agentId);
    const from = new Date(now.getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const cached =
      known && now.getTime() - known.readAt < CACHE_TRUSTED_MS
        ? await this.#catchUp(agentId, known, from)
        : await this.#read(agentId, from);
    return [...cached.byId.values()]
      .map(({ decision }) => decision)
      .filter(({ timestamp, status }) => timestamp >= from && status !== 'voided');
  }

  /** These decisions as they are now, without those that are gone or voided. Recently read ones cost no request. */
  async reread(agentId: string, decisions: readonly Decision[]): Promise<Decision[]> {
    const now = this.#parts.clock().getTime();
    const byId = this.#cache.get(agentId)?.byId;
    const fresh: Decision[] = [];
    const old: string[] = [];
    for (const { decisionId } of decisions) {
      const known = byId?.get(decisionId);
      if (known && now - known.readAt < SHOWABLE_MS) fresh.push(known.decision);
      else old.push(decisionId);
    }
    const current = [...fresh, ...(await this.#refresh(agentId, old, byId))];
    return current.filter(({ status }) => status !== 'voided');
  }

  /** One request for all of them; no request for an empty list. */
  async #refresh(
    agentId: string,
    decisionIds: readonly string[],
    byId: Cached['byId'] | undefined,
  ): Promise<Decision[]> {
    const found = await this.#parts.log.findMany(decisionIds.map((decisionId) => ({ agentId, decisionId })));
    for (const decisionId of decisionIds) byId?.delete(decisionId);
    const readAt = this.#parts.clock().getTime();
    for (const decision of found) byId?.set(decision.decisionId, { decision, readAt });
    return found;
  }

  async #catchUp(agentId: string, known: Cached, from: string): Promise<Cached> {
    const newest = [...known.byId.values()].reduce(
      (latest, { decision: { timestamp } }) => (timestamp > latest ? timestamp : latest),
      from,
    );
    const since = new Date(Date.parse(newest) - LAG_MS).toISOString();
    const { items } = await this.#parts.list.ofAgent(agentId, { from: since, maxResults: MAX_CHANGES });
    const changed = items.filter(
      ({ decisionId, status }) => known.byId.get(decisionId)?.decision.status !== status,
    );
    await this.#refresh(
      agentId,
      changed.map(({ decisionId }) => decisionId),
      known.byId,
    );
    return known;
  }

  async #read(agentId: string, from: string): Promise<Cached> {
    const { registry, window, clock } = this.#parts;
    const now = clock();
    const types = (await registry.decisionTypes(agentId)).sort().slice(0, MAX_TYPES);
    const perType = Math.max(LEAST_PER_TYPE, Math.floor(MAX_DECISIONS / Math.max(1, types.length)));
    // The clocks of the logging agents may be a little ahead.
    const until = new Date(now.getTime() + 5 * MINUTE_MS).toISOString();
    const byType = await Promise.all(
      types.map((decisionType) => window.newest({ agentId, decisionType, after: from, until }, perType)),
    );
    const cached: Cached = {
      readAt: now.getTime(),
      byId: new Map(byType.flat().map((decision) => [decision.decisionId, { decision, readAt: UNVERIFIED }])),
    };
    const others = [...this.#cache.values()].reduce((sum, { byId }) => sum + byId.size, 0);
    if (others + cached.byId.size > MAX_CACHED) this.#cache.clear();
    this.#cache.set(agentId, cached);
    return cached;
  }
}
