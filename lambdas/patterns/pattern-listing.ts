import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { NotFoundError } from '../shared/errors.ts';
import {
  MAX_TREND,
  type PatternCatalog,
  type PatternListQuery,
  type PatternQuery,
  type PatternSummary,
} from './pattern-catalog.ts';
import { byConfidence, type OfferedPattern, type OfferedPatterns } from './offered-patterns.ts';
import type { PatternStore } from './pattern-store.ts';
import { toOffered } from './views.ts';

/** The end of a page: among the agent's own patterns, whose list has its own token, or among the offers. */
type Position =
  readonly ['own', token: string] | readonly ['shared', confidence: number, owner: string, patternId: string];

const DEFAULT_PAGE = 20;

function isPosition(value: unknown): value is Position {
  if (!Array.isArray(value)) return false;
  const [part, ...rest] = value as unknown[];
  if (part === 'own') return rest.length === 1 && typeof rest[0] === 'string';
  const [confidence, owner, patternId] = rest;
  return (
    part === 'shared' &&
    rest.length === 3 &&
    Number.isFinite(confidence) &&
    typeof owner === 'string' &&
    typeof patternId === 'string'
  );
}

/** An agent's own patterns and those offered to it, in one list. Its own come first, each part highest confidence first. */
export class PatternListing {
  readonly #catalog: PatternCatalog;
  readonly #offers: OfferedPatterns;
  readonly #store: PatternStore;

  constructor(catalog: PatternCatalog, offers: OfferedPatterns, store: PatternStore) {
    this.#catalog = catalog;
    this.#offers = offers;
    this.#store = store;
  }

  async list(agentId: string, { scope = 'own', ...request }: PatternListQuery) {
    if (scope === 'own') return this.#catalog.list(agentId, request);
    const { nextToken, maxResults = DEFAULT_PAGE, ...filters } = request;
    const query = ['patterns', agentId, scope, filters];
    const position = decodePageToken(query, nextToken, isPosition);
    const consistency = 'eventual' as const;
    const items: (PatternSummary | ReturnType<typeof toOffered>)[] = [];
    if (scope === 'all' && position?.[0] !== 'shared') {
      const own = await this.#catalog.list(agentId, { ...request, nextToken: position?.[1] });
      if (own.nextToken !== null)
        return { ...own, nextToken: encodePageToken(query, ['own', own.nextToken] satisfies Position) };
      items.push(...own.items);
    }
    const offers = (await this.#offers.offersTo(agentId)).filter(
      (offer) => isWanted(offer, filters) && (position?.[0] !== 'shared' || isAfter(offer, position)),
    );
    const room = new AnswerRoom();
    room.takeLeading(items, items.length);
    const shown = room.takeLeading(offers, maxResults - items.length, toOffered);
    items.push(...shown.map(toOffered));
    const last = shown.at(-1)?.pattern;
    const next: Position = last
      ? ['shared', last.confidence, last.agentId, last.patternId]
      : ['shared', Number.MAX_VALUE, '', ''];
    return {
      items,
      nextToken: shown.length < offers.length ? encodePageToken(query, next) : null,
      consistency,
    };
  }

  /** A pattern of another owner, with its proof, its versions and the decisions behind it. @throws NotFoundError */
  async offered(agentId: string, owner: string, patternId: string) {
    const offer = await this.#offers.find(agentId, owner, patternId);
    if (!offer) throw new NotFoundError(`No pattern ${patternId} of ${owner}`);
    return {
      ...toOffered(offer),
      explain: offer.pattern.explain,
      trend: await this.#store.versions(owner, patternId, MAX_TREND),
      provenance: await this.#offers.provenance(offer.pattern),
    };
  }
}

function isWanted({ pattern }: OfferedPattern, filters: PatternQuery): boolean {
  const { status = 'promoted', decisionType, asserts, minConfidence = 0 } = filters;
  return (
    (status === 'all' || pattern.status === status) &&
    (decisionType === undefined || pattern.decisionType === decisionType) &&
    (asserts === undefined || pattern.asserts === asserts) &&
    pattern.confidence >= minConfidence
  );
}

const isAfter = (
  offer: OfferedPattern,
  [, confidence, agentId, patternId]: Position & readonly ['shared', ...unknown[]],
) => byConfidence({ ...offer, pattern: { ...offer.pattern, confidence, agentId, patternId } }, offer) < 0;
