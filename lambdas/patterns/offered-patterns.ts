import type { AgentRegistry } from '../agents/agent-registry.ts';
import { poolOf, typeOfPool, UNKNOWN_TYPE } from '../shared/schema/owners.ts';
import { isSharedWith, type Sharing } from '../sharing/sharing.ts';
import { conditionKey, sortConditions } from '../mining/pattern-id.ts';
import type { EvidenceDigest, Pattern } from './pattern.ts';
import type { PatternStore } from './pattern-store.ts';
import type { OfferVerdict, OfferVerdictRecord } from './offer-verdict.ts';
import type { OfferVerdictStore } from './offer-verdict-store.ts';
import type { OfferedBy } from './sharing-contract.ts';

/** The memory type of patterns in sharing. */
export const PATTERN_MEMORY = 'PATTERN';

/** A promoted pattern of another owner, in its current state. */
export interface OfferedPattern {
  readonly pattern: Pattern;
  readonly offeredBy: OfferedBy;
  /** The verdict of the agent's own outcomes; absent until a night has tested it. */
  readonly verdict?: OfferVerdictRecord;
}

/** An offered pattern is unconfirmed until the agent's own outcomes have tested it. */
export const offerVerdictOf = ({ verdict }: OfferedPattern): OfferVerdict =>
  verdict?.standing ?? 'unconfirmed';

/** Equal for patterns that state the same rule, whichever owner learned it. */
export const ruleOf = ({
  decisionType,
  asserts,
  conditions,
}: Pick<Pattern, 'decisionType' | 'asserts' | 'conditions'>): string =>
  JSON.stringify([
    decisionType,
    asserts,
    // A quantile's rank means the same only within one agent, so across agents its bounds count as well.
    sortConditions(conditions).map((condition) =>
      condition.op === 'in_range'
        ? [conditionKey(condition), condition.min, condition.max]
        : conditionKey(condition),
    ),
  ]);

/** Best first. It is a total order, so pages are stable. */
export const byConfidence = (a: OfferedPattern, b: OfferedPattern): number =>
  b.pattern.confidence - a.pattern.confidence ||
  compare(a.pattern.agentId, b.pattern.agentId) ||
  compare(a.pattern.patternId, b.pattern.patternId);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A decision behind an offered pattern, without its contents. */
export type Provenance = Required<Pick<EvidenceDigest, 'agentId' | 'decisionId' | 'timestamp' | 'status'>>;

export interface OfferedPatternsParts {
  readonly store: PatternStore;
  readonly verdicts: OfferVerdictStore;
  readonly sharing: Sharing;
  readonly registry: AgentRegistry;
}

/**
 * Finds the patterns of others that an agent is offered. It reads the owner's own row each time, so a pattern that is no
 * longer promoted or shared is no longer offered.
 *
 * Without an offer it takes 3.5 read units: for the agent's grants, for patterns shared with all, for its type, and for
 * its type's patterns. Each offer takes about 1 to 2 more.
 */
export class OfferedPatterns {
  readonly #store: PatternStore;
  readonly #verdicts: OfferVerdictStore;
  readonly #sharing: Sharing;
  readonly #registry: AgentRegistry;

  constructor({ store, verdicts, sharing, registry }: OfferedPatternsParts) {
    this.#store = store;
    this.#verdicts = verdicts;
    this.#sharing = sharing;
    this.#registry = registry;
  }

  /** Every offer to an agent, best lower bound first. */
  async offersTo(agentId: string): Promise<OfferedPattern[]> {
    const [shared, ofType] = await Promise.all([this.#shared(agentId), this.#ofType(agentId)]);
    const offers = [...shared, ...ofType].filter(({ pattern }) => pattern.status === 'promoted');
    if (offers.length === 0) return [];
    const verdicts = new Map(
      (await this.#verdicts.ofAgent(agentId)).map((verdict) => [
        `${verdict.owner}#${verdict.patternId}`,
        verdict,
      ]),
    );
    return offers
      .map((offer): OfferedPattern => {
        const verdict = verdicts.get(`${offer.pattern.agentId}#${offer.pattern.patternId}`);
        return verdict ? { ...offer, verdict } : offer;
      })
      .sort(byConfidence);
  }

  /** One offer; undefined when the agent is not offered the pattern. */
  async find(agentId: string, owner: string, patternId: string): Promise<OfferedPattern | undefined> {
    const offeredBy = await this.#offeredBy(agentId, owner, patternId);
    if (!offeredBy) return undefined;
    const pattern = await this.#store.get(owner, patternId);
    if (pattern?.status !== 'promoted') return undefined;
    const verdict = await this.#verdicts.get(agentId, owner, patternId);
    return { pattern, offeredBy, ...(verdict && { verdict }) };
  }

  /** The newest decisions behind an offered pattern: agent, id, time and outcome, but none of their contents. */
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
    const poolType = typeOfPool(owner);
    if (poolType !== undefined)
      return poolType !== UNKNOWN_TYPE && (await this.#registry.agentType(agentId)) === poolType
        ? 'type'
        : undefined;
    const record = await this.#sharing.get(owner, patternId);
    if (!record || !isSharedWith(record, agentId)) return undefined;
    return record.with === 'all' ? 'all' : 'name';
  }
}
