import type { Item, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError } from '../shared/errors.ts';
import type { Decision, DecisionOverview, DecisionReference } from './decision.ts';
import {
  decisionIndexes,
  decisionKey,
  fromItem,
  LISTED_ATTRIBUTES,
  type ListedDecision,
  OVERVIEW_ATTRIBUTES,
  timelineKey,
  toListed,
  toOverview,
} from './table.ts';

/** The decisions that were logged, read by id, strongly consistent; and an agent's newest. Expired ones are gone. */
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
    const key = decisionKey(reference);
    const item = key && (await this.#table.get(key));
    return item && fromItem(item);
  }

  async exists(reference: DecisionReference): Promise<boolean> {
    const key = decisionKey(reference);
    return key !== undefined && (await this.#table.get(key, { attributes: ['ttl'] })) !== undefined;
  }

  /** Those of these decisions that exist, in no particular order: one request, 1 read unit per 4 KB of each. */
  async findMany(references: readonly DecisionReference[]): Promise<Decision[]> {
    return (await this.#table.getAll(keysOf(references))).map(fromItem);
  }

  /** Those of these decisions that exist, as lists show them, in the order asked for. */
  async overviews(references: readonly DecisionReference[]): Promise<DecisionOverview[]> {
    const items = await this.#table.getAll(keysOf(references), { attributes: OVERVIEW_ATTRIBUTES });
    const found = new Map(items.map(toOverview).map((overview) => [nameOf(overview), overview]));
    return references.flatMap((reference) => found.get(nameOf(reference)) ?? []);
  }

  /**
   * An agent's newest decisions of any type with their current outcomes, newest first. Read from the timeline index
   * (eventually consistent): about 25 RRU for a thousand. Five attributes of each cost as much as all of them, but
   * take half the time to transfer and decode.
   */
  async newest(agentId: string, most: number): Promise<ListedDecision[]> {
    const found: ListedDecision[] = [];
    let start: Item | undefined;
    do {
      const { items, last } = await this.#table.query({
        partition: timelineKey(agentId),
        index: decisionIndexes.timeline,
        descending: true,
        attributes: LISTED_ATTRIBUTES,
        limit: most - found.length,
        start,
      });
      found.push(...items.map(toListed));
      start = last;
    } while (start && found.length < most);
    return found;
  }
}

const keysOf = (references: readonly DecisionReference[]) =>
  references.flatMap((reference) => decisionKey(reference) ?? []);

/** One text per decision, for maps: neither id holds a `#`. */
export const nameOf = ({ agentId, decisionId }: DecisionReference): string => `${agentId}#${decisionId}`;
