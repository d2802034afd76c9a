import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { NotFoundError } from '../shared/errors.ts';
import { isExpired } from '../shared/platform/clock.ts';
import type { Decision, DecisionOverview, DecisionReference } from './decision.ts';
import { decisionKey, fromItem, OVERVIEW_ATTRIBUTES, toOverview } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** The decisions that were logged, read by id: strongly consistent, expired ones are gone. */
export class DecisionLog {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @throws NotFoundError when the agent has no such decision, or has it no more */
  async get(agentId: string, decisionId: string): Promise<Decision> {
    const decision = await this.find({ agentId, decisionId });
    if (!decision) throw new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);
    return decision;
  }

  async find(reference: DecisionReference): Promise<Decision | undefined> {
    const Key = decisionKey(reference);
    if (!Key) return undefined;
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key, ConsistentRead: true }),
    );
    return Item && !isExpired(Item, this.#table.clock()) ? fromItem(Item) : undefined;
  }

  /** Those of these decisions that exist, in no particular order: one request, 1 read unit per 4 KB of each. */
  async findMany(references: readonly DecisionReference[]): Promise<Decision[]> {
    const keys = references.flatMap((reference) => decisionKey(reference) ?? []);
    const items = await getAll(this.#table.documents, this.#table.name, keys);
    const now = this.#table.clock();
    return items.filter((item) => !isExpired(item, now)).map(fromItem);
  }

  /** What lists show of those of these decisions that exist, in the order asked for. */
  async overviews(references: readonly DecisionReference[]): Promise<DecisionOverview[]> {
    const keys = references.flatMap((reference) => decisionKey(reference) ?? []);
    const items = await getAll(this.#table.documents, this.#table.name, keys, {
      attributes: OVERVIEW_ATTRIBUTES,
    });
    const now = this.#table.clock();
    const found = new Map(
      items
        .filter((item) => !isExpired(item, now))
        .map((item) => toOverview(item))
        .map((overview) => [nameOf(overview), overview]),
    );
    return references.flatMap((reference) => found.get(nameOf(reference)) ?? []);
  }
}

/** One text per decision, for maps: neither id holds a `#`. */
export const nameOf = ({ agentId, decisionId }: DecisionReference): string => `${agentId}#${decisionId}`;
