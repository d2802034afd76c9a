import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { NotFoundError } from '../shared/errors.ts';
import type * as z from 'zod';
import type { patternRoutes } from './contract.ts';
import type { Pattern, PatternVersion } from './pattern.ts';
import type { ConfidencePosition, PatternStore } from './pattern-store.ts';

export type PatternListQuery = Readonly<z.output<(typeof patternRoutes)['listPatterns']['query']>>;
export type PatternQuery = Omit<PatternListQuery, 'scope'>;

/** A number to sort by, then the pattern id. */
export type Position = readonly [rank: number, patternId: string];

const DEFAULT_PAGE = 20;
/** Pages of the index read for one answer. An agent has some hundreds of patterns a type, so few answers are short. */
const MAX_PAGES = 10;
/** Versions that a pattern shows. */
export const MAX_TREND = 100;

export const isPosition = (value: unknown): value is Position =>
  Array.isArray(value) &&
  value.length === 2 &&
  Number.isFinite(value[0]) &&
  typeof value[1] === 'string' &&
  value[1].length > 0 &&
  value[1].length <= 256;

export type PatternSummary = Omit<Pattern, 'explain'>;

export const summaryOf = ({ explain: _explain, ...summary }: Pattern): PatternSummary => summary;

/** Reads the patterns of an agent. */
export class PatternCatalog {
  readonly #store: PatternStore;

  constructor(store: PatternStore) {
    this.#store = store;
  }

  /** Highest confidence first, because callers want the best patterns, not the newest. The index is eventually consistent. */
  async list(agentId: string, request: PatternQuery) {
    const { status = 'promoted', decisionType, asserts, minConfidence = 0, nextToken } = request;
    const query = ['patterns', agentId, status, decisionType ?? null, asserts ?? null, minConfidence];
    const limit = request.maxResults ?? DEFAULT_PAGE;
    const token = decodePageToken(query, nextToken, isPosition);
    let position: ConfidencePosition | undefined = token && { confidence: token[0], patternId: token[1] };
    const items: PatternSummary[] = [];
    const room = new AnswerRoom();
    let isFull = false;
    let last = false;
    for (let pages = 0; pages < MAX_PAGES && items.length < limit && !last && !isFull; pages++) {
      const page = await this.#store.byConfidence(agentId, minConfidence, position);
      last = page.last;
      for (const [i, pattern] of page.patterns.entries()) {
        const isWanted =
          (status === 'all' || pattern.status === status) &&
          (decisionType === undefined || pattern.decisionType === decisionType) &&
          (asserts === undefined || pattern.asserts === asserts);
        if (isWanted && !room.take(summaryOf(pattern))) {
          last = false;
          isFull = true;
          break;
        }
        position = { confidence: pattern.confidence, patternId: pattern.patternId };
        if (isWanted) items.push(summaryOf(pattern));
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
