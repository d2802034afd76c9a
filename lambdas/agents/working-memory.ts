import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, TooLargeError } from '../shared/errors.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import type { JsonValue } from '../shared/schema/fields.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { agentPartition } from './table.ts';
import {
  isLive,
  livesAt,
  WORKING_PREFIX,
  workingFromItem,
  workingKey,
  type WorkingEntry,
  workingToItem,
} from './working-table.ts';

/** Limit of the value as JSON in UTF-8. */
const MAX_VALUE_BYTES = 100 * 1024;

const noEntry = (agentId: string, key: string) =>
  new NotFoundError(`Agent ${agentId} has no working memory ${key}`);

/** Values an agent keeps for minutes or hours: current context, recent queries. The last write wins. */
export class WorkingMemory {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** @throws TooLargeError over 100 KB */
  async put(agentId: string, key: string, value: JsonValue, ttlSeconds: number): Promise<WorkingEntry> {
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text, 'utf8');
    if (bytes > MAX_VALUE_BYTES)
      throw new TooLargeError(`The value is ${bytes} bytes as JSON; the limit is ${MAX_VALUE_BYTES}`);
    const now = this.#table.clock();
    const entry = {
      agentId,
      key,
      updatedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + ttlSeconds * SECOND_MS).toISOString(),
    };
    await this.#registry.noteActivity(agentId);
    await this.#table.put(workingToItem(entry, text));
    return { ...entry, value };
  }

  /** Strongly consistent. @throws NotFoundError when it is absent or its time is up */
  async get(agentId: string, key: string): Promise<WorkingEntry> {
    const item = await this.#table.get(workingKey(agentId, key));
    if (!isLive(item, this.#table.clock())) throw noEntry(agentId, key);
    return workingFromItem(agentId, item);
  }

  /** @throws NotFoundError when it is absent or its time is up */
  async remove(agentId: string, key: string): Promise<{ agentId: string; key: string; deletedAt: string }> {
    const now = this.#table.clock().toISOString();
    if (await this.#table.deleteIf(workingKey(agentId, key), livesAt(now))) throw noEntry(agentId, key);
    return { agentId, key, deletedAt: now };
  }

  /**
   * The live entries, values included, in the order of the keys. A page ends at `maxResults` entries or at the 1 MB one
   * query reads, or at the 4 MB of an answer, whichever comes first: so it can be short, but has a `nextToken` then.
   */
  async list(agentId: string, { maxResults = 20, nextToken }: { maxResults?: number; nextToken?: string }) {
    const query = ['working', agentId];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const now = this.#table.clock();
    const { items: rows, last: next } = await this.#table.query({
      partition: agentPartition(agentId),
      sort: { prefix: WORKING_PREFIX },
      ...(after !== undefined && { start: workingKey(agentId, after) }),
      // One more than asked for tells whether there is a next page.
      limit: maxResults + 1,
      // A page ends at a row, live or not.
      keepExpired: true,
    });
    const shownAs = (item: Item) => (isLive(item, now) ? workingFromItem(agentId, item) : undefined);
    const page = new AnswerRoom().takeLeading(rows, maxResults, shownAs);
    const more = rows.length > page.length || next !== undefined;
    const last = page.at(-1);
    return {
      items: page.flatMap((item) => shownAs(item) ?? []),
      nextToken:
        more && last ? encodePageToken(query, String(last[SORT_KEY]).slice(WORKING_PREFIX.length)) : null,
    };
  }
}
