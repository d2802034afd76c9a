import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { ChangedDays } from './changed-days.ts';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { putAll } from '../shared/dynamodb/batch-write.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import { DomainError, ValidationFailedError } from '../shared/errors.ts';
import { assertStorable } from '../shared/http/storable.ts';
import { assertNotAhead, isExpired } from '../shared/platform/clock.ts';
import { payloadHash, tokenPart, typedId } from '../shared/platform/ids.ts';
import { agentIdSchema } from '../shared/schema/fields.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { draftOf, inlineOutcome, type NewDecision, TOKEN_SCOPE } from './decision-intake.ts';
import { newDecisionSchema } from './fields.ts';
import { toItem } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface ImportRow {
  readonly agentId: string;
  /** As the body that logs one decision. */
  readonly decision: unknown;
}

/** `present`: it was there already, and was left as it is. */
export type ImportResult =
  { readonly status: 'added' | 'present' } | { readonly status: 'rejected'; readonly reason: string };

type Item = Record<string, unknown>;

/** Rows of one partition from which on one query beats a look under each key. */
const LEAST_FOR_A_RANGE = 10;

interface Prepared {
  readonly agentId: string;
  readonly decisionType: string;
  readonly timestamp: string;
  readonly key: string;
  readonly item: Item;
}

const keyText = (item: Item): string => `${String(item[PARTITION_KEY])}|${String(item[SORT_KEY])}`;

/**
 * Takes in history in bulk: the items, keys and ids the log's own route makes of the same rows, written in batches.
 * Every row needs `timestamp` and `clientToken`, which make its id: a row that is there, written by this or by the
 * route, is left alone with whatever outcome it has by now, so the same rows again add nothing for the 90 days a decision
 * is kept; after them they are new decisions, and count a second time in results that were rolled up. A row stands
 * alone: one with a parent, a trigger or an exposure is refused.
 *
 * Costs the write units of single puts (4 a decision of up to 1 KB), 1 for each day, and for looking first a read unit
 * or less a row: half a unit a hundred where they come in order and nothing is there. The look and the write are two
 * steps: of two imports of the same rows at the same moment the later write wins, and an outcome
 * recorded between the two of them on a row both bring would be lost.
 */
export class DecisionImport {
  readonly #table: Table;
  readonly #registry: AgentRegistry;
  readonly #changedDays: ChangedDays;
  /** Keys of the batches under way: a row that comes again waits until the first of its kind is written. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(table: Table, registry: AgentRegistry, changedDays: ChangedDays) {
    this.#table = table;
    this.#registry = registry;
    this.#changedDays = changedDays;
  }

  /**
   * What became of each row, in their order; a bad row is refused alone. Batches may run at the same time.
   *
   * @throws ThrottledError, or what the SDK throws, when the table cannot be written: some rows then are, and the same
   * call again finishes the rest
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
        throw ValidationFailedError.at('agentId', 'must be a valid agent id');
      assertStorable(decision);
      const parsed = newDecisionSchema.safeParse(decision);
      if (!parsed.success)
        throw new ValidationFailedError(
          parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
        );
      return this.#itemOf(agentId, parsed.data);
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
    const now = this.#table.clock();
    const there = new Map(found.filter((item) => !isExpired(item, now)).map((item) => [keyText(item), item]));
    const fresh = [...rows.values()].filter(({ key }) => !there.has(key));
    // A type is on its agent's profile, and a day is marked, before the first decision of either is stored.
    const types = new Map<string, Set<string>>();
    for (const { agentId, decisionType } of fresh)
      types.set(agentId, (types.get(agentId) ?? new Set()).add(decisionType));
    for (const [agentId, ofAgent] of types) await this.#registry.noteActivity(agentId, [...ofAgent]);
    await this.#changedDays.noteAll(fresh);
    await putAll(
      this.#table.documents,
      this.#table.name,
      fresh.map(({ item }) => item),
    );
    return there;
  }

  /**
   * What is stored under the keys of these items, and perhaps more. History comes in order: where many rows of a batch
   * are of one partition, one query over their range says at once that nothing is there, where a look under each key
   * costs a unit each. A range with much else in it is not read to its end.
   */
  async #lookUp(items: readonly Item[]): Promise<Item[]> {
    const partitions = new Map<unknown, Item[]>();
    for (const { [PARTITION_KEY]: pk, [SORT_KEY]: sk } of items) {
      const keys = partitions.get(pk);
      if (keys) keys.push({ [PARTITION_KEY]: pk, [SORT_KEY]: sk });
      else partitions.set(pk, [{ [PARTITION_KEY]: pk, [SORT_KEY]: sk }]);
    }
    const one: Item[] = [];
    const ranges: Promise<Item[]>[] = [];
    for (const keys of partitions.values())
      if (keys.length < LEAST_FOR_A_RANGE) one.push(...keys);
      else ranges.push(this.#lookUpRange(keys));
    const found = await Promise.all([...ranges, this.#lookUpEach(one)]);
    return found.flat();
  }

  async #lookUpRange(keys: readonly Item[]): Promise<Item[]> {
    const sorted = keys.map((key) => String(key[SORT_KEY])).sort();
    const { Items = [], LastEvaluatedKey: last } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :first AND :last',
        ProjectionExpression: '#pk, #sk, payloadHash, #ttl',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY, '#ttl': 'ttl' },
        ExpressionAttributeValues: {
          ':pk': keys[0]![PARTITION_KEY],
          ':first': sorted[0],
          ':last': sorted.at(-1),
        },
        Limit: 2 * keys.length,
      }),
    );
    if (!last) return Items;
    const rest = keys.filter((key) => String(key[SORT_KEY]) > String(last[SORT_KEY]));
    return [...Items, ...(await this.#lookUpEach(rest))];
  }

  #lookUpEach(keys: readonly Item[]): Promise<Item[]> {
    return getAll(this.#table.documents, this.#table.name, keys, {
      attributes: [PARTITION_KEY, SORT_KEY, 'payloadHash', 'ttl'],
    });
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
