import type { AgentRegistry } from '../agents/agent-registry.ts';
import { poolOf, typeOfPool, UNKNOWN_TYPE } from '../shared/schema/owners.ts';
import { isSharedWith, type Sharing } from '../sharing/sharing.ts';
import { conditionKey, sortConditions } from '../mining/pattern-id.ts';
import type { EvidenceDigest, Pattern } from './pattern.ts';
import type { PatternStore } from './pattern-store.ts';
import type { Standing, StandingRecord } from './standing.ts';
import type { StandingStore } from './standing-store.ts';

/** What sharing calls patterns. */
export const PATTERN_MEMORY = 'PATTERN';

/** How an offer reaches an agent: shared with it by name, with all, or learned by all agents of its type together. */
export type OfferedBy = 'name' | 'all' | 'type';

/** A promoted pattern of another owner, as it stands now. */
export interface OfferedPattern {
  readonly pattern: Pattern;
  readonly offeredBy: OfferedBy;
  /** What the agent's own outcomes say of it; absent until a night has tested it. */
  readonly standing?: StandingRecord;
}

/** Until its own outcomes have spoken, what others learned is unconfirmed to an agent. */
export const standingOf = ({ standing }: OfferedPattern): Standing => standing?.standing ?? 'unconfirmed';

/** What is asserted, of what, and where: the same for the same rule, whoever learned it. */
export const ruleOf = ({
  decisionType,
  asserts,
  conditions,
}: Pick<Pattern, 'decisionType' | 'asserts' | 'conditions'>): string =>
  JSON.stringify([
    decisionType,
    asserts,
    // A quantile's rank says the same to one agent only: across agents its bounds count as well.
    sortConditions(conditions).map((condition) =>
      condition.op === 'in_range'
        ? [conditionKey(condition), condition.min, condition.max]
        : conditionKey(condition),
    ),
  ]);

/** Best first; a total order, so pages are stable. */
export const byConfidence = (a: OfferedPattern, b: OfferedPattern): number =>
  b.pattern.confidence - a.pattern.confidence ||
  compare(a.pattern.agentId, b.pattern.agentId) ||
  compare(a.pattern.patternId, b.pattern.patternId);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Which patterns of others an agent is offered. Read through to the owner's own row each time: what is no longer
 * promoted, or no longer shared, is no longer offered.
 *
 * An agent that is offered nothing costs 3.5 read units (its grants, what is shared with all, its type, its type's
 * patterns), each offer about 1 to 2 more.
 */
export class OfferedPatterns {
  readonly #store: PatternStore;
  readonly #standings: StandingStore;
  readonly #sharing: Sharing;
  readonly #registry: AgentRegistry;

  constructor(store: PatternStore, standings: StandingStore, sharing: Sharing, registry: AgentRegistry) {
    this.#store = store;
    this.#standings = standings;
    this.#sharing = sharing;
    this.#registry = registry;
  }

  /** Every offer, best lower bound first. */
  async to(agentId: string): Promise<OfferedPattern[]> {
    const [shared, ofType] = await Promise.all([this.#shared(agentId), this.#ofType(agentId)]);
    const offers = [...shared, ...ofType].filter(({ pattern }) => pattern.status === 'promoted');
    if (offers.length === 0) return [];
    const standings = new Map(
      (await this.#standings.ofAgent(agentId)).map((standing) => [
        `${standing.owner}#${standing.patternId}`,
        standing,
      ]),
    );
    return offers
      .map((offer): OfferedPattern => {
        const standing = standings.get(`${offer.pattern.agentId}#${offer.pattern.patternId}`);
        return standing ? { ...offer, standing } : offer;
      })
      .sort(byConfidence);
  }

  /** One offer; undefined when this agent is not offered it. */
  async find(agentId: string, owner: string, patternId: string): Promise<OfferedPattern | undefined> {
    const offeredBy = await this.#offeredBy(agentId, owner, patternId);
    if (!offeredBy) return undefined;
    const pattern = await this.#store.get(owner, patternId);
    if (pattern?.status !== 'promoted') return undefined;
    const standing = await this.#standings.get(agentId, owner, patternId);
    return { pattern, offeredBy, ...(standing && { standing }) };
  }

  /** The newest decisions behind an offered pattern: whose, which, when, how they ended – and nothing of what is in them. */
  async provenance({ agentId, patternId }: Pattern): Promise<Provenance[]> {
    const digests = await this.#store.digests(agentId, patternId);
    return digests.map(({ agentId: madeBy = agentId, decisionId, timestamp, status }) => ({
      agentId: madeBy,
      decisionId,
      timestamp,
      status,
    }));
  }

  async #shared(agentId: string): Promise<OfferedPattern[]> {
    const records = await this.#sharing.sharedWith(agentId);
    const offeredBy = new Map(
      records.map(({ owner, memoryId, with: audience }) => [
        `${owner}#${memoryId}`,
        audience === 'all' ? ('all' as const) : ('name' as const),
      ]),
    );
    const patterns = await this.#store.getMany(
      records.map(({ owner, memoryId }) => ({ agentId: owner, patternId: memoryId })),
    );
    return patterns.map((pattern) => ({
      pattern,
      offeredBy: offeredBy.get(`${pattern.agentId}#${pattern.patternId}`)!,
    }));
  }

  async #ofType(agentId: string): Promise<OfferedPattern[]> {
    const agentType = await this.#registry.agentType(agentId);
    if (agentType === undefined || agentType === UNKNOWN_TYPE) return [];
    const patterns = await this.#store.ofAgent(poolOf(agentType));
    return patterns.map((pattern) => ({ pattern, offeredBy: 'type' }));
  }

  async #offeredBy(agentId: string, owner: string, patternId: string): Promise<OfferedBy | undefined> {
    const pooled = typeOfPool(owner);
    if (pooled !== undefined)
      return pooled !== UNKNOWN_TYPE && (await this.#registry.agentType(agentId)) === pooled
        ? 'type'
        : undefined;
    const record = await this.#sharing.get(owner, patternId);
    if (!record || !isSharedWith(record, agentId)) return undefined;
    return record.with === 'all' ? 'all' : 'name';
  }
}

export type Provenance = Required<Pick<EvidenceDigest, 'agentId' | 'decisionId' | 'timestamp' | 'status'>>;
