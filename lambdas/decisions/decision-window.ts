import type { Query } from '../shared/dynamodb/query.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { Decision, DecisionMark } from './decision.ts';
import { decisionPartition, fromItem, MARK_ATTRIBUTES, toMark } from './table.ts';

export interface WindowRequest {
  readonly agentId: string;
  readonly decisionType: string;
  /** Exclusive, UTC ISO-8601 in milliseconds. */
  readonly after: string;
  /** Inclusive. */
  readonly until: string;
}

export interface DecisionPage {
  readonly decisions: readonly Decision[];
}

/**
 * Every decision of one agent and type within a window, newest first, page by page, strongly consistent unless said
 * otherwise. Read from the base partition: outcomes move items between index partitions, so a paged index read can miss
 * or double them.
 */
export class DecisionWindow {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async *pages(request: WindowRequest): AsyncGenerator<DecisionPage> {
    for await (const items of this.#table.pages(queryOf(request))) yield { decisions: items.map(fromItem) };
  }

  /**
   * The newest of these decisions in one query, eventually consistent: 0.125 read units a KB. A decision of the last
   * second may be missing, or older than it is now. For callers that read again those that matter.
   */
  async newest(request: WindowRequest, most: number): Promise<readonly Decision[]> {
    const { items } = await this.#table.query({ ...queryOf(request), limit: most, eventual: true });
    return items.map(fromItem);
  }

  /**
   * The same decisions with only the time of each and how it ended: no context of another agent leaves the table. It
   * costs as much as the whole items, 0.25 read units a KB.
   * @param pageSize items a query reads, where few are wanted. @default as many as fit a megabyte
   */
  async *marks(request: WindowRequest, pageSize?: number): AsyncGenerator<readonly DecisionMark[]> {
    const query = { ...queryOf(request), attributes: MARK_ATTRIBUTES, limit: pageSize };
    for await (const items of this.#table.pages(query)) yield items.map(toMark);
  }
}

const queryOf = ({ agentId, decisionType, after, until }: WindowRequest): Query => ({
  partition: decisionPartition(agentId, decisionType),
  // '~' sorts after every character of an id, so these bound whole milliseconds.
  sort: { from: `${after}#~`, to: `${until}#~` },
  descending: true,
});
