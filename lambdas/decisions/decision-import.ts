import type { AgentRegistry } from '../agents/agent-registry.ts';
import { keyOf } from '../shared/dynamodb/entity.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import type { Item, Key, Table } from '../shared/dynamodb/table.ts';
import { DomainError, ValidationFailedError } from '../shared/errors.ts';
import { parseSent } from '../shared/http/request.ts';
import { assertStorable } from '../shared/http/storable.ts';
import { assertNotAhead } from '../shared/platform/clock.ts';
import { payloadHash, tokenPart, typedId } from '../shared/platform/ids.ts';
import { agentIdSchema, idRule } from '../shared/schema/fields.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { ChangedDays } from './changed-days.ts';
import type { NewDecision } from './decision.ts';
import { draftOf, inlineOutcome, TOKEN_SCOPE } from './decision-intake.ts';
import { newDecisionSchema } from './fields.ts';
import { toItem } from './table.ts';

export interface ImportRow {
  readonly agentId: string;
  /** As the body that logs one decision. */
  readonly decision: unknown;
}

/** `present`: it was there already, and was left as it is. */
export type ImportResult =
  { readonly status: 'added' | 'present' } | { readonly status: 'rejected'; readonly reason: string };

/** From so many rows of one partition on, one query is cheaper than a read of each key. */
const LEAST_FOR_A_RANGE = 10;

/** Tell a stored row from the one that is imported. */
const LOOK_UP_ATTRIBUTES = [PARTITION_KEY, SORT_KEY, 'payloadHash'] as const;

interface Prepared {
  readonly agentId: string;
  readonly decisionType: string;
  readonly timestamp: string;
  readonly key: string;
  readonly item: Item;
}

const keyText = (item: Item | Key): string => `${String(item[PARTITION_KEY])}|${String(item[SORT_KEY])}`;

/**
 * Takes in history in bulk: the items, keys and ids the log's own route makes of the same rows, written in batches.
 * Every row needs `timestamp` and `clientToken`, which make its id. A row that is there, written by this or by the
 * route, is left alone with the outcome it has by now. So the same rows again add nothing for the 90 days a decision is
 * kept. After them they are new decisions, and count a second time in results that were rolled up. A row stands
 * alone: one with a parent, a trigger or an exposure is refused. A trace is stored, but names no decision: what was
 * imported waits for no outcome by its span.
 *
 * Costs the write units of single puts (4 a decision of up to 1 KB), 1 for each day, and a read unit or less a row to
 * look for it first: half a unit a hundred where they come in order and nothing is there. The look and the write are
 * two steps: of two imports of the same rows at the same moment the later write wins. An outcome recorded between the
 * two of them, on a row both bring, would be lost.
 */
export class DecisionImport {
  readonly #table: Table;
  readonly #registry: AgentRegistry;
  readonly #changedDays: ChangedDays;
  /** Keys of the batches under way: a repeated row waits until the first one with its key is written. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(table: Table, registry: AgentRegistry, changedDays: ChangedDays) {
    this.#table = table;
    this.#registry = registry;
    this.#changedDays = changedDays;
  }

  /**
   * The result of each row, in their order; a bad row is refused alone. Batches may run at the same time.
   *
   * @throws ThrottledError, UnavailableError or any other error of the table when it cannot be written: some rows then
   * are, and the same call again finishes the rest
   */
  async add(rows: readonly ImportRow[]): Promise<ImportResult[]> {
    const prepared = rows.map((row) => this.#prepare(row));
    const firsts = new Map<string, Prepared>();
    for (const row of prepared) if ('item' in row && !firsts.has(row.key)) firsts.set(row.key, row);
    const before = [...firsts.keys()].flatMap((key) => this.#underWay.get(key) ?? []);
    const writing = Promise.allSettled(before).then(() => this.#write(firsts));
    for (const key of firsts.keys()) this.#underWay.set(key, writing);
    try {
      const found = await writing;
      return prepared.map((row): ImportResult => {
        if (!('item' in row)) return row;
        const there =
          found.get(row.key) ?? (firsts.get(row.key) === row ? undefined : firsts.get(row.key)?.item);
        if (!there) return { status: 'added' };
        return there['payloadHash'] === row.item['payloadHash'] ? { status: 'present' } : mismatch;
      });
    } finally {
      for (const key of firsts.keys()) if (this.#underWay.get(key) === writing) this.#underWay.delete(key);
    }
  }

  #prepare({ agentId, decision }: ImportRow): Prepared | (ImportResult & { readonly status: 'rejected' }) {
    try {
      if (!agentIdSchema.safeParse(agentId).success)
        throw ValidationFailedError.at('agentId', idRule('agent id'));
      assertStorable(decision);
      return this.#itemOf(agentId, parseSent(newDecisionSchema, decision));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { status: 'rejected', reason: reasonOf(error) };
    }
  }

  #itemOf(agentId: string, sent: NewDecision): Prepared {
    const { decisionType, timestamp, clientToken } = sent;
    const now = this.#table.clock();
    if (timestamp === undefined || clientToken === undefined)
      throw ValidationFailedError.at(timestamp === undefined ? 'timestamp' : 'clientToken', 'is required');
    for (const name of ['parent', 'triggeredBySignals', 'exposureId'] as const)
      if (sent[name] !== undefined) throw ValidationFailedError.at(name, 'cannot be imported');
    assertNotAhead(now, timestamp, 'timestamp');
    const decisionId = typedId(
      decisionType,
      new Date(timestamp),
      tokenPart(agentId, TOKEN_SCOPE, clientToken),
    );
    const outcome = inlineOutcome(sent, timestamp, now);
    const item = {
      ...toItem(draftOf({ agentId, decisionId }, sent, timestamp, outcome, now)),
      payloadHash: payloadHash(sent),
    };
    assertItemFits(item, 'The decision');
    return { agentId, decisionType, timestamp, key: keyText(item), item };
  }

  /** @returns the items that were there, by key */
  async #write(rows: ReadonlyMap<string, Prepared>): Promise<ReadonlyMap<string, Item>> {
    const found = await this.#lookUp([...rows.values()].map(({ item }) => item));
    const there = new Map(found.map((item) => [keyText(item), item]));
    const fresh = [...rows.values()].filter(({ key }) => !there.has(key));
    // A type is on its agent's profile, and a day is marked, before the first decision of either is stored.
    const types = new Map<string, Set<string>>();
    for (const { agentId, decisionType } of fresh)
      types.set(agentId, (types.get(agentId) ?? new Set()).add(decisionType));
    for (const [agentId, ofAgent] of types) await this.#registry.noteActivity(agentId, [...ofAgent]);
    await this.#changedDays.noteAll(fresh);
    await this.#table.putAll(fresh.map(({ item }) => item));
    return there;
  }

  /**
   * The items stored under the keys of these, and perhaps more. History comes in order: where a batch has many rows of
   * one partition, one query over their range says at once that nothing is there, while a read of each key costs a unit
   * each. A range with much else in it is not read to its end.
   */
  async #lookUp(items: readonly Item[]): Promise<Item[]> {
    const partitions = new Map<string, Key[]>();
    for (const item of items) {
      const key = keyOf(item);
      const keys = partitions.get(key[PARTITION_KEY]);
      if (keys) keys.push(key);
      else partitions.set(key[PARTITION_KEY], [key]);
    }
    const one: Key[] = [];
    const ranges: Promise<Item[]>[] = [];
    for (const [partition, keys] of partitions)
      if (keys.length < LEAST_FOR_A_RANGE) one.push(...keys);
      else ranges.push(this.#lookUpRange(partition, keys));
    const found = await Promise.all([...ranges, this.#lookUpEach(one)]);
    return found.flat();
  }

  async #lookUpRange(partition: string, keys: readonly Key[]): Promise<Item[]> {
    const sorted = keys.map((key) => key[SORT_KEY]).sort();
    const { items, last } = await this.#table.query({
      partition,
      sort: { from: sorted[0]!, to: sorted.at(-1)! },
      attributes: LOOK_UP_ATTRIBUTES,
      limit: 2 * keys.length,
    });
    if (!last) return items;
    const rest = keys.filter((key) => key[SORT_KEY] > String(last[SORT_KEY]));
    return [...items, ...(await this.#lookUpEach(rest))];
  }

  #lookUpEach(keys: readonly Key[]): Promise<Item[]> {
    return this.#table.getAll(keys, { attributes: LOOK_UP_ATTRIBUTES });
  }
}

const mismatch: ImportResult = {
  status: 'rejected',
  reason: 'another decision was logged with this id (clientToken) before',
};

const reasonOf = (error: DomainError): string =>
  error instanceof ValidationFailedError
    ? error.issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
    : error.message;
