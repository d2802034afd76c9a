import { AnswerRoom } from '../../shared/answer-room.ts';
import { says } from '../../shared/dynamodb/expressions.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../../shared/dynamodb/page-token.ts';
import type { Table } from '../../shared/dynamodb/table.ts';
import { ValidationFailedError } from '../../shared/errors.ts';
import { payloadHash } from '../../shared/platform/ids.ts';
import type { TokenAnswers } from '../../shared/token-answers.ts';
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
  readonly #answers: TokenAnswers<Snapshot>;

  constructor(table: Table, reader: ResultReader, answers: TokenAnswers<Snapshot>) {
    this.#table = table;
    this.#reader = reader;
    this.#answers = answers;
  }

  /**
   * Computes and keeps a snapshot. The same period under the same definitions is the same snapshot: a repeat brings it up
   * to date. With a clientToken it gets the first answer instead, and nothing is computed; costs 4 write units, not 1.
   * @throws ValidationFailedError for a date in the future, or a `since` after the period's beginning
   * @throws IdempotencyMismatchError when the token came with another payload
   */
  async create(agentId: string, { clientToken, ...asked }: SnapshotRequest): Promise<Snapshot> {
    if (clientToken === undefined) {
      const snapshot = await this.#compute(agentId, asked);
      await this.#table.put(toSnapshotItem(snapshot));
      return snapshot;
    }
    const request = { agentId, route: 'snapshots', clientToken, payload: asked };
    const earlier = await this.#answers.find(request);
    if (earlier) return earlier;
    const snapshot = await this.#compute(agentId, asked);
    const failed = await this.#table.transact([
      this.#table.actions.put(toSnapshotItem(snapshot)),
      this.#answers.put(request, snapshot),
    ]);
    // Only the token has a condition: a repeat came first.
    return failed ? this.#answers.answerIn(request, failed.at(-1)?.item) : snapshot;
  }

  /** Reads a row of about 0.5 KB for each day with decisions between a year before `since` and the period's end. */
  async #compute(
    agentId: string,
    { period: kind, date, since, ...asked }: Omit<SnapshotRequest, 'clientToken'>,
  ): Promise<Snapshot> {
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
    return {
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
