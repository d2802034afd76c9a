import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { NotFoundError } from '../shared/errors.ts';
import type { Asserts } from '../mining/vocabulary.ts';
import type { Pattern, PatternStatus, PatternVersion } from './pattern.ts';
import type { ConfidencePosition, PatternStore } from './pattern-store.ts';

export interface PatternQuery {
  /** @default promoted */
  readonly status?: PatternStatus | 'all';
  readonly decisionType?: string;
  readonly asserts?: Asserts;
  readonly minConfidence?: number;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

type Position = readonly [confidence: number, patternId: string];

const DEFAULT_PAGE = 20;
/** Rows looked at for one answer: an agent has some hundreds of patterns a type, so filters leave few short pages. */
const MAX_PAGES = 10;
/** Versions a pattern shows. */
export const MAX_TREND = 100;

const isPosition = (value: unknown): value is Position =>
  Array.isArray(value) &&
  value.length === 2 &&
  Number.isFinite(value[0]) &&
  typeof value[1] === 'string' &&
  value[1].length > 0 &&
  value[1].length <= 256;

export type PatternSummary = Omit<Pattern, 'explain'>;

export const summaryOf = ({ explain: _explain, ...summary }: Pattern): PatternSummary => summary;

/** What an agent has learned, for reading. */
export class PatternCatalog {
  readonly #store: PatternStore;

  constructor(store: PatternStore) {
    this.#store = store;
  }

  /** Highest confidence first: who asks for patterns wants the best, not the newest. From an index: eventual. */
  async list(agentId: string, request: PatternQuery) {
    const { status = 'promoted', decisionType, asserts, minConfidence = 0, nextToken } = request;
    const query = ['patterns', agentId, status, decisionType ?? null, asserts ?? null, minConfidence];
    const limit = request.maxResults ?? DEFAULT_PAGE;
    const token = decodePageToken(query, nextToken, isPosition);
    let position: ConfidencePosition | undefined = token && { confidence: token[0], patternId: token[1] };
    const items: PatternSummary[] = [];
    let last = false;
    for (let pages = 0; pages < MAX_PAGES && items.length < limit && !last; pages++) {
      const page = await this.#store.byConfidence(agentId, minConfidence, position);
      last = page.last;
      for (const [i, pattern] of page.patterns.entries()) {
        position = { confidence: pattern.confidence, patternId: pattern.patternId };
        const wanted =
          (status === 'all' || pattern.status === status) &&
          (decisionType === undefined || pattern.decisionType === decisionType) &&
          (asserts === undefined || pattern.asserts === asserts);
        if (wanted) items.push(summaryOf(pattern));
        if (items.length < limit) continue;
        last &&= i === page.patterns.length - 1;
        break;
      }
    }
    return {
      items,
      nextToken: last || !position ? null : encodePageToken(query, [position.confidence, position.patternId]),
      consistency: 'eventual' as const,
    };
  }

  /** @throws NotFoundError */
  async get(agentId: string, patternId: string): Promise<Pattern & { trend: PatternVersion[] }> {
    const pattern = await this.#store.get(agentId, patternId);
    if (!pattern) throw new NotFoundError(`No pattern ${patternId}`);
    return { ...pattern, trend: await this.#store.versions(agentId, patternId, MAX_TREND) };
  }
}
