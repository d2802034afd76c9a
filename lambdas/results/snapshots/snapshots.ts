import { AnswerRoom } from '../../shared/answer-room.ts';
import { says } from '../../shared/dynamodb/expressions.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../../shared/dynamodb/page-token.ts';
import type { Table } from '../../shared/dynamodb/table.ts';
import { ValidationFailedError } from '../../shared/errors.ts';
import { payloadHash } from '../../shared/platform/ids.ts';
import { addDays, daysBetween } from '../periods.ts';
import { defaultDefinitions, portfolioFigures, resultsByDay } from './portfolio.ts';
import type { ResultReader } from '../result-reader.ts';
import type { Snapshot, SnapshotListRequest, SnapshotRequest } from './snapshot-contract.ts';
import { snapshotPeriodOf } from './snapshot-period.ts';
import { fromSnapshotItem, snapshotPartition, snapshotSortKey, toSnapshotItem } from './snapshot-table.ts';
import type { TallyFigures } from '../contract.ts';
import { Tally } from '../tally.ts';

/** Trades held for longer than this are not looked for. */
export const MAX_HOLDING_DAYS = 366;
const MAX_SINCE_DAYS = 36_500;
const DEFAULT_PAGE = 20;
/** Snapshots read at a time, before those of other periods are dropped. */
const LIST_PAGE = 100;

/**
 * Figures of a portfolio in a period, from the decisions that closed in it (`trade.exitTime`, else the outcome's
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
   * Computes and keeps a snapshot. The same period under the same definitions is the same snapshot: a repeat brings it up
   * to date. Reads a row of about 0.5 KB for each day with decisions between a year before `since` and
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
    await this.#table.put(toSnapshotItem(snapshot));
    return snapshot;
  }

  /** Lists snapshots, those of the latest periods first. */
  async list(agentId: string, { period, maxResults = DEFAULT_PAGE, nextToken }: SnapshotListRequest) {
    const query = ['snapshots', agentId, period ?? null];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const found: Snapshot[] = [];
    const pages = this.#table.pages({
      partition: snapshotPartition(agentId),
      descending: true,
      limit: LIST_PAGE,
      ...(after !== undefined && { sort: { before: after } }),
      ...(period !== undefined && { filter: says({ period }) }),
    });
    for await (const page of pages) {
      found.push(...page.map(fromSnapshotItem));
      if (found.length > maxResults) break;
    }
    const items = new AnswerRoom().takeLeading(found, maxResults);
    const last = items.at(-1);
    const isEnd = found.length === items.length;
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
