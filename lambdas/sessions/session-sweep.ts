import { changes, isPresent } from '../shared/dynamodb/expressions.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError } from '../shared/errors.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { InsightOffers } from './insight-offers.ts';
import { offerFromItem, OPEN_BUCKETS, openKey, openPartition } from './open-table.ts';
import type { SessionEnding } from './session-ending.ts';

export interface SweepReport {
  /** Open sessions whose time was up as far as their rows say, and ended ones whose insights wait. */
  readonly due: number;
  /** Those of them that had indeed expired and have their record now. */
  readonly ended: number;
  /** Sessions that failed; they are due again at the next sweep. */
  readonly failed: number;
  /** It stopped because time was short: the rest is due at the next sweep. */
  readonly cutShort: boolean;
}

const CONCURRENCY = 8;

/**
 * Ends the sessions that have expired, and offers the insights that are still waiting. The rows of open sessions say
 * when each is due at the earliest. An append does not move them, so a session that went on is looked at once, and again
 * when it is due next.
 */
export class SessionSweep {
  readonly #table: Table;
  readonly #ending: SessionEnding;
  readonly #offers: InsightOffers;

  constructor(table: Table, ending: SessionEnding, offers: InsightOffers) {
    this.#table = table;
    this.#ending = ending;
    this.#offers = offers;
  }

  /**
   * Reads the rows of all open sessions (200 bytes each, eventually consistent: 10,000 of them are 250 read units) and
   * ends those that have expired. Running it twice, or two at a time, changes nothing more.
   *
   * @param isLate asked before each session: true leaves the rest to the next sweep
   * @param onFailure called for each session that failed
   */
  async sweep(isLate: () => boolean, onFailure: (error: Error, key: string) => void): Promise<SweepReport> {
    const report = { due: 0, ended: 0, failed: 0, cutShort: false };
    for (let bucket = 0; bucket < OPEN_BUCKETS; bucket++)
      for await (const rows of this.#due(bucket)) {
        report.due += rows.length;
        let next = 0;
        const work = async () => {
          while (next < rows.length && !(report.cutShort ||= isLate())) {
            const row = rows[next++]!;
            try {
              if (await this.#deal(row)) report.ended += 1;
            } catch (error) {
              report.failed += 1;
              onFailure(error as Error, String(row[SORT_KEY]));
            }
          }
        };
        await Promise.all(Array.from({ length: CONCURRENCY }, work));
        if (report.cutShort) return report;
      }
    return report;
  }

  #due(bucket: number): AsyncGenerator<Item[]> {
    return this.#table.pages({
      partition: openPartition(bucket),
      filter: { expression: 'dueAt <= :now', values: { ':now': this.#table.clock().getTime() } },
      eventual: true,
      // The rows of sessions that were collected before a sweep found them are deleted here.
      keepExpired: true,
    });
  }

  /** @returns whether the session is over now and was not before */
  async #deal(row: Item): Promise<boolean> {
    const [agentId = '', sessionId = ''] = String(row[SORT_KEY]).split('#');
    const key = openKey(agentId, sessionId);
    if (offerFromItem(row)) {
      // Read again: insights that were erased since the page was read must not become memories.
      const current = await this.#table.get(key, { keepExpired: true });
      const offer = current && offerFromItem(current);
      if (offer) await this.#offers.offer(offer);
      return false;
    }
    try {
      const { status, expiresAt } = await this.#ending.expire(agentId, sessionId);
      if (status !== 'active') return true;
      // Changes nothing when the session has ended meanwhile: the row went with it.
      await this.#table.update(key, changes({ set: { dueAt: Date.parse(expiresAt) } }), {
        condition: isPresent,
      });
      return false;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      await this.#table.delete(key);
      return false;
    }
  }
}
