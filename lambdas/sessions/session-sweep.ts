import { DeleteCommand, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { NotFoundError } from '../shared/errors.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { InsightOffers } from './insight-offers.ts';
import type { SessionEnding } from './session-ending.ts';
import { type Item, offerFromItem, OPEN_BUCKETS, openKey, openPartition } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface SweepReport {
  /** Open sessions whose time, as far as was known, was up, and ended ones whose insights wait. */
  readonly due: number;
  /** Of these, how many had indeed expired and have their record now. */
  readonly ended: number;
  /** How many could not be dealt with; they are due again at the next sweep. */
  readonly failed: number;
  /** Whether it stopped for want of time: the rest is due at the next sweep. */
  readonly cutShort: boolean;
}

const CONCURRENCY = 8;

/**
 * Ends what nobody ended, and offers the insights that are still waiting. The rows of open sessions say when each is due at the earliest; an append does not move
 * them, so a session that went on is looked at once, and again when it is due next.
 */
export class SessionSweep {
  readonly #table: Table;
  readonly #ending: SessionEnding;
  readonly #offers: InsightOffers;

  constructor(
    table: Table,
    { ending, offers }: { readonly ending: SessionEnding; readonly offers: InsightOffers },
  ) {
    this.#table = table;
    this.#ending = ending;
    this.#offers = offers;
  }

  /**
   * Reads the rows of all open sessions (200 bytes each, eventually consistent: 10,000 of them are 250 read units) and
   * ends those that have expired. Running it twice, or two at a time, changes nothing more.
   *
   * @param isLate asked before each session: whether to leave the rest to the next sweep
   * @param onFailure told of each session that could not be dealt with
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

  async *#due(bucket: number): AsyncGenerator<Item[]> {
    let start: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          KeyConditionExpression: '#pk = :pk',
          FilterExpression: 'dueAt <= :now',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          ExpressionAttributeValues: { ':pk': openPartition(bucket), ':now': this.#table.clock().getTime() },
          ExclusiveStartKey: start,
        }),
      );
      yield Items;
      start = LastEvaluatedKey;
    } while (start);
  }

  /** @returns whether the session is over now and was not before */
  async #deal(row: Item): Promise<boolean> {
    const [agentId = '', sessionId = ''] = String(row[SORT_KEY]).split('#');
    if (offerFromItem(row)) {
      // As it is now: what was erased since the page was read must not become a memory.
      const { Item } = await this.#table.documents.send(
        new GetCommand({
          TableName: this.#table.name,
          Key: openKey(agentId, sessionId),
          ConsistentRead: true,
        }),
      );
      const offer = Item && offerFromItem(Item);
      if (offer) await this.#offers.offer(offer);
      return false;
    }
    try {
      const { status, expiresAt } = await this.#ending.expire(agentId, sessionId);
      if (status !== 'active') return true;
      await this.#lookAgainAt(agentId, sessionId, Date.parse(expiresAt));
      return false;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      await this.#table.documents.send(
        new DeleteCommand({ TableName: this.#table.name, Key: openKey(agentId, sessionId) }),
      );
      return false;
    }
  }

  async #lookAgainAt(agentId: string, sessionId: string, dueAt: number): Promise<void> {
    try {
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: openKey(agentId, sessionId),
          UpdateExpression: 'SET dueAt = :dueAt',
          ConditionExpression: 'attribute_exists(#pk)',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          ExpressionAttributeValues: { ':dueAt': dueAt },
        }),
      );
    } catch (error) {
      // Ended meanwhile: the row went with it.
      if (!failedCondition(error)) throw error;
    }
  }
}
