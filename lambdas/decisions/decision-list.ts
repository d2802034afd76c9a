import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { DAY_MS, MINUTE_MS, isExpired } from '../shared/platform/clock.ts';
import type { DecisionOverview, DecisionStatus, DecisionSummary } from './decision.ts';
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
import type { Table } from '../shared/dynamodb/table.ts';

export interface ListRequest {
  readonly decisionType?: string;
  readonly term?: 'stm' | 'ltm';
  readonly outcome?: DecisionStatus;
  readonly sessionId?: string;
  /** Inclusive. */
  readonly from?: string;
  /** Inclusive. */
  readonly to?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface TypeListRequest {
  readonly decisionType: string;
  readonly from?: string;
  readonly to?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface DecisionListPage {
  readonly items: DecisionSummary[];
  readonly nextToken: string | null;
  readonly consistency?: 'eventual';
}

const DEFAULT_MAX_RESULTS = 20;
/** Items a query looks at when a filter may drop most of them, and how many such queries one request may cost. */
const FILTERED_LIMIT = 250;
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
   * do not fill it; it then carries a token all the same.
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
    const found: Record<string, unknown>[] = [];
    let before = position;
    let more = true;
    for (let queries = 0; more && found.length <= maxResults && queries < MAX_QUERIES; queries++) {
      const input = summaryQuery(this.#table.name, {
        ...partition,
        // Exactly a day old is still short-term.
        from: term === 'stm' ? later(from, dayAgo) : from,
        to: term === 'ltm' ? earlier(to, oneMillisecondBefore(dayAgo)) : to,
        before,
        filterType: where.filterType,
        sessionId,
      });
      more = input !== undefined;
      if (!input) break;
      const page = await this.#table.documents.send(
        // One more than is shown tells whether there is another page; one more again is the position itself.
        new QueryCommand({ ...input, Limit: filtered ? FILTERED_LIMIT : maxResults - found.length + 2 }),
      );
      const now = this.#table.clock();
      found.push(
        ...(page.Items ?? []).filter((item) => !isExpired(item, now) && positionOf(item) !== before),
      );
      more = page.LastEvaluatedKey !== undefined;
      if (page.LastEvaluatedKey) before = positionOf(page.LastEvaluatedKey);
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
   * Decisions of one type across agents: a walk over the days' partitions. Their index holds keys only; the rest is
   * read by key, where what has expired since is dropped, so a page may be short.
   *
   * @throws ValidationFailedError for a token of another query, `from` after `to`, or more than 31 days
   */
  async ofType(request: TypeListRequest): Promise<DecisionListPage> {
    const { decisionType, maxResults = DEFAULT_MAX_RESULTS } = request;
    const query = ['decisions-of-type', decisionType, request.from, request.to];
    const position = decodePageToken(query, request.nextToken, isDecisionPosition);
    // What was stamped by a clock a little ahead of this one is there too.
    const end = Date.parse(request.to ?? this.#table.clock().toISOString());
    const to = request.to ?? new Date(end + 5 * MINUTE_MS).toISOString();
    const from = request.from ?? new Date(end - DAY_MS).toISOString();
    assertOrdered(from, to);
    if (end - Date.parse(from) > MAX_TYPE_LIST_MS)
      throw ValidationFailedError.at('from', 'must not lie more than 31 days before the end');

    const keys: Record<string, unknown>[] = [];
    let day = position && position < to ? position.slice(0, 10) : to.slice(0, 10);
    for (; day >= from.slice(0, 10) && keys.length <= maxResults; day = dayBefore(day)) {
      const input = summaryQuery(this.#table.name, {
        index: decisionIndexes.type,
        key: typeKey(decisionType, day),
        from,
        to,
        before: position,
      });
      if (!input) break;
      const page = await this.#table.documents.send(
        new QueryCommand({ ...input, Limit: maxResults - keys.length + 2 }),
      );
      keys.push(...(page.Items ?? []).filter((item) => positionOf(item) !== position));
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

/** The partition that holds the least of what is not wanted. */
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
