import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { addDays, daysBetween } from './periods.ts';
import {
  defaultDefinitions,
  portfolioFigures,
  type PortfolioDefinitions,
  resultsByDay,
} from './portfolio.ts';
import type { ResultReader } from './result-reader.ts';
import { type PeriodKind, snapshotPeriodOf } from './snapshot-period.ts';
import {
  fromSnapshotItem,
  type Snapshot,
  snapshotPartition,
  snapshotSortKey,
  toSnapshotItem,
} from './snapshot-table.ts';
import { Tally, type TallyFigures } from './tally.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface SnapshotRequest extends Partial<PortfolioDefinitions> {
  readonly period: PeriodKind;
  readonly date?: string;
  readonly since?: string;
}

export interface SnapshotListRequest {
  readonly period?: PeriodKind;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** Trades held for longer are not looked for. */
export const MAX_HOLDING_DAYS = 366;
const MAX_SINCE_DAYS = 36_500;
const DEFAULT_PAGE = 20;

/**
 * What a portfolio did in a period, from the decisions that closed in it (`trade.exitTime`, else the outcome's
 * `occurredAt`): always from results, never from another snapshot.
 */
export class Snapshots {
  readonly #table: Table;
  readonly #reader: ResultReader;

  constructor(table: Table, reader: ResultReader) {
    this.#table = table;
    this.#reader = reader;
  }

  /**
   * Computes and keeps a snapshot. The same period under the same definitions is the same snapshot: made again it
   * says what is known now. Reads a row of about 0.5 KB for each day with decisions between a year before `since` and
   * the period's end.
   * @throws ValidationFailedError for a date in the future, or a `since` after the period's beginning
   */
  async create(agentId: string, { period: kind, date, since, ...asked }: SnapshotRequest): Promise<Snapshot> {
    const now = this.#table.clock();
    const { period, from, to, through, complete } = snapshotPeriodOf(kind, date, now);
    const begin = since ?? from;
    if (begin > from) throw ValidationFailedError.at('since', 'must not lie after the period begins');
    if (daysBetween(begin, from) > MAX_SINCE_DAYS)
      throw ValidationFailedError.at(
        'since',
        `must not lie more than ${MAX_SINCE_DAYS} days before the period`,
      );
    const definitions = { ...defaultDefinitions, ...asked, since: begin };
    const { tallies, uncounted } = await this.#reader.between(agentId, ['closed'], {
      from: addDays(begin, -MAX_HOLDING_DAYS),
      to: through,
    });
    const pnlOn = new Map<string, number>();
    let before = 0;
    const inPeriod = new Tally();
    for (const { key, tally } of tallies.get('closed')!.entries) {
      const day = key[0]!;
      const { total } = tally.earnings;
      if (begin <= day && day < from) before += total;
      if (day < from || day > through) continue;
      pnlOn.set(day, total);
      inPeriod.append(tally);
    }
    const results = resultsByDay(pnlOn, from, through, definitions.annualization);
    const snapshot: Snapshot = {
      snapshotId: `SNAPSHOT-${period}-${from}-${payloadHash(definitions).slice(0, 10)}`,
      agentId,
      period,
      from,
      to,
      complete,
      computedAt: now.toISOString(),
      ...portfolioFigures(results, definitions.startingValue + before, definitions),
      ...tradingFigures(inPeriod.figures()),
      definitions,
      uncountedDays: uncounted.length,
    };
    await this.#table.documents.send(
      new PutCommand({ TableName: this.#table.name, Item: toSnapshotItem(snapshot) }),
    );
    return snapshot;
  }

  /** Those of the latest periods first. */
  async list(agentId: string, { period, maxResults = DEFAULT_PAGE, nextToken }: SnapshotListRequest) {
    const query = ['snapshots', agentId, period ?? null];
    let after = decodePageToken(query, nextToken, isSortKeyPosition);
    const found: Snapshot[] = [];
    let more: boolean;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          ScanIndexForward: false,
          Limit: 100,
          KeyConditionExpression: '#pk = :pk' + (after === undefined ? '' : ' AND #sk < :after'),
          ...(period !== undefined && { FilterExpression: '#period = :period' }),
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            ...(after !== undefined && { '#sk': SORT_KEY }),
            ...(period !== undefined && { '#period': 'period' }),
          },
          ExpressionAttributeValues: {
            ':pk': snapshotPartition(agentId),
            ...(after !== undefined && { ':after': after }),
            ...(period !== undefined && { ':period': period }),
          },
        }),
      );
      found.push(...(page.Items ?? []).map(fromSnapshotItem));
      after = page.LastEvaluatedKey?.[SORT_KEY] as string | undefined;
      more = after !== undefined && found.length <= maxResults;
    } while (more);
    const items = found.slice(0, maxResults);
    const last = items.at(-1);
    const isEnd = found.length <= maxResults;
    return { items, nextToken: isEnd || !last ? null : encodePageToken(query, snapshotSortKey(last)) };
  }
}

const tradingFigures = ({ n, successes, rate, interval, pnl }: TallyFigures) => ({
  trades: pnl?.n ?? 0,
  closed: n,
  wins: successes,
  winRate: rate,
  winRateInterval: interval,
  profitFactor: pnl?.profitFactor ?? null,
  expectancy: pnl?.expectancy ?? null,
});
