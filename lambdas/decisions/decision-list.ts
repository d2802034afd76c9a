import type * as z from 'zod';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { DAY_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import type { decisionRoutes } from './contract.ts';
import type { DecisionOverview, DecisionSummary } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import {
  decisionIndexes,
  decisionPartition,
  identityOf,
  isDecisionPosition,
  outcomeKey,
  type PartitionQuery,
  positionOf,
  summaryQuery,
  timelineKey,
  toSummary,
  typeKey,
} from './table.ts';

export type ListRequest = z.output<typeof decisionRoutes.listDecisions.query>;
export type TypeListRequest = z.output<typeof decisionRoutes.listDecisionsOfType.query>;

export interface DecisionListPage {
  readonly items: DecisionSummary[];
  readonly nextToken: string | null;
  readonly consistency?: 'eventual';
}

const DEFAULT_MAX_RESULTS = 20;
/** Items a query reads when a filter may drop most of them. */
const FILTERED_LIMIT = 250;
/** Most such queries of one request. */
const MAX_QUERIES = 10;
const MAX_TYPE_LIST_MS = 31 * DAY_MS;

const oneMillisecondBefore = (timestamp: string): string => new Date(Date.parse(timestamp) - 1).toISOString();

const earlier = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;
const later = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;

/** Lists of decisions, newest first. */
export class DecisionList {
  readonly #table: Table;
  readonly #log: DecisionLog;

  constructor(table: Table, log: DecisionLog) {
    this.#table = table;
    this.#log = log;
  }

  /**
   * One agent's decisions; all filters apply together. A page is full unless filters drop so much that ten queries
   * do not fill it. Such a short page carries a token too.
   *
   * @throws ValidationFailedError for a token of another query, or `from` after `to`
   */
  async ofAgent(agentId: string, request: ListRequest): Promise<DecisionListPage> {
    const { decisionType, term, outcome, sessionId, from, to, maxResults = DEFAULT_MAX_RESULTS } = request;
    assertOrdered(from, to);
    const query = ['decisions', agentId, decisionType, term, outcome, sessionId, from, to];
    const position = decodePageToken(query, request.nextToken, isDecisionPosition);
    const dayAgo = new Date(this.#table.clock().getTime() - DAY_MS).toISOString();
    const { partition, ...where } = partitionFor(agentId, request);
    const filtered = where.filterType !== undefined || sessionId !== undefined;
    const found: Item[] = [];
    let before = position;
    let more = true;
    for (let queries = 0; more && found.length <= maxResults && queries < MAX_QUERIES; queries++) {
      const summaries = summaryQuery({
        ...partition,
        // Exactly a day old is still short-term.
        from: term === 'stm' ? later(from, dayAgo) : from,
        to: term === 'ltm' ? earlier(to, oneMillisecondBefore(dayAgo)) : to,
        before,
        filterType: where.filterType,
        sessionId,
      });
      more = summaries !== undefined;
      if (!summaries) break;
      // One more than is shown tells whether there is another page; one more again is the position itself.
      const limit = filtered ? FILTERED_LIMIT : maxResults - found.length + 2;
      const { items, last } = await this.#table.query({ ...summaries, limit });
      found.push(...items.filter((item) => positionOf(item) !== before));
      more = last !== undefined;
      if (last) before = positionOf(last);
    }
    const shown = found.slice(0, maxResults);
    const next = found.length > maxResults ? positionOf(shown.at(-1)!) : more ? before : undefined;
    return {
      items: shown.map(toSummary),
      nextToken: next === undefined ? null : encodePageToken(query, next),
      ...(partition.index && { consistency: 'eventual' as const }),
    };
  }

  /**
   * Decisions of one type across agents: a walk over the days' partitions. Their index holds keys only. The rest is
   * read by key, and expired decisions are dropped there, so a page may be short.
   *
   * @throws ValidationFailedError for a token of another query, `from` after `to`, or more than 31 days
   */
  async ofType(request: TypeListRequest): Promise<DecisionListPage> {
    const { decisionType, maxResults = DEFAULT_MAX_RESULTS } = request;
    const query = ['decisions-of-type', decisionType, request.from, request.to];
    const position = decodePageToken(query, request.nextToken, isDecisionPosition);
    // Includes decisions that a clock a little ahead of this one has stamped.
    const end = Date.parse(request.to ?? this.#table.clock().toISOString());
    const to = request.to ?? new Date(end + 5 * MINUTE_MS).toISOString();
    const from = request.from ?? new Date(end - DAY_MS).toISOString();
    assertOrdered(from, to);
    if (end - Date.parse(from) > MAX_TYPE_LIST_MS)
      throw ValidationFailedError.at('from', 'must not lie more than 31 days before the end');

    const keys: Item[] = [];
    let day = position && position < to ? position.slice(0, 10) : to.slice(0, 10);
    for (; day >= from.slice(0, 10) && keys.length <= maxResults; day = dayBefore(day)) {
      const summaries = summaryQuery({
        index: decisionIndexes.type,
        key: typeKey(decisionType, day),
        from,
        to,
        before: position,
      });
      if (!summaries) break;
      const { items } = await this.#table.query({ ...summaries, limit: maxResults - keys.length + 2 });
      keys.push(...items.filter((item) => positionOf(item) !== position));
    }
    const shown = keys.slice(0, maxResults);
    const overviews = await this.#log.overviews(shown.map(identityOf));
    return {
      items: overviews.map(withoutPlace),
      nextToken: keys.length > maxResults ? encodePageToken(query, positionOf(shown.at(-1)!)) : null,
      consistency: 'eventual',
    };
  }
}

/** The partition that holds the fewest unwanted items. */
function partitionFor(
  agentId: string,
  { decisionType, outcome }: ListRequest,
): { partition: Pick<PartitionQuery, 'index' | 'key'>; filterType?: string } {
  if (outcome)
    return {
      partition: { index: decisionIndexes.outcome, key: outcomeKey(agentId, outcome) },
      ...(decisionType && { filterType: decisionPartition(agentId, decisionType) }),
    };
  if (decisionType) return { partition: { key: decisionPartition(agentId, decisionType) } };
  return { partition: { index: decisionIndexes.timeline, key: timelineKey(agentId) } };
}

function assertOrdered(from: string | undefined, to: string | undefined): void {
  if (from !== undefined && to !== undefined && from > to)
    throw ValidationFailedError.at('from', 'must not lie after `to`');
}

const dayBefore = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00.000Z`) - DAY_MS).toISOString().slice(0, 10);

function withoutPlace({ depth: _depth, parent: _parent, ...summary }: DecisionOverview): DecisionSummary {
  return summary;
}
