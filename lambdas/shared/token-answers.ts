import { anyOf, isVacant, says } from './dynamodb/expressions.ts';
import type { Item, Key, Table, TransactAction } from './dynamodb/table.ts';
import { IdempotencyMismatchError, UnavailableError } from './errors.ts';
import { DAY_MS, toTtl } from './platform/clock.ts';
import { payloadHash, sha256 } from './platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from './schema/tables.ts';

const ANSWER_RETENTION_MS = 90 * DAY_MS;

/** A request with a clientToken. */
export interface TokenRequest {
  /** Absent: an operator's. */
  readonly agentId?: string;
  /** Tokens of one route are apart from those of others. */
  readonly route: string;
  readonly clientToken: string;
  /** All that makes it another request. */
  readonly payload: unknown;
}

/** In `agent_state`: `agent:{agentId}` / `TOKEN#{route}#{hash}`; of operators `operators` / the same. */
const keyOfRequest = ({ agentId, route, clientToken }: TokenRequest): Key => ({
  [PARTITION_KEY]: agentId === undefined ? 'operators' : `agent:${agentId}`,
  [SORT_KEY]: `TOKEN#${route}#${sha256(clientToken).slice(0, 32)}`,
});

/**
 * Answers by clientToken, for 90 days. For writes whose id holds the time of the server, so that the token cannot become
 * the id. The answer is put in the transaction of the write it belongs to: there is never one without the other.
 */
export class TokenAnswers<Answer> {
  readonly #table: Table;

  /** @param table `agent_state` */
  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * The first answer; undefined when there is none yet. 1 read unit.
   * @throws IdempotencyMismatchError when the token came with another payload
   */
  async find(request: TokenRequest): Promise<Answer | undefined> {
    const item = await this.#table.get(keyOfRequest(request));
    return item && this.answerIn(request, item);
  }

  /** The answer in the row that `put` found there. @throws IdempotencyMismatchError */
  answerIn(request: TokenRequest, item: Item | undefined): Answer {
    if (!item) throw new UnavailableError('The answer to this clientToken is gone meanwhile; retry');
    if (item['payloadHash'] !== payloadHash(request.payload))
      throw new IdempotencyMismatchError('This clientToken came with another payload before');
    return JSON.parse(String(item['answer'])) as Answer;
  }

  /**
   * Action for the transaction of the write. It fails when the token has an answer already. 2 write units up to 1 KB.
   * @param stale an answer to replace, of something that is gone
   */
  put(request: TokenRequest, answer: Answer, stale?: Answer): TransactAction {
    const now = this.#table.clock();
    const row = {
      ...keyOfRequest(request),
      payloadHash: payloadHash(request.payload),
      // Text keeps the order of its fields.
      answer: JSON.stringify(answer),
      ttl: toTtl(now.getTime() + ANSWER_RETENTION_MS),
    };
    const isFree = isVacant(now);
    return this.#table.actions.put(
      row,
      stale === undefined ? isFree : anyOf(isFree, says({ answer: JSON.stringify(stale) })),
    );
  }

  /** Puts an answer by itself. @returns false when the token has one already */
  async save(request: TokenRequest, answer: Answer, stale?: Answer): Promise<boolean> {
    return (await this.#table.transact([this.put(request, answer, stale)])) === undefined;
  }
}
