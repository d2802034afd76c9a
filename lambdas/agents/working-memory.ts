import { randomUUID } from 'node:crypto';
import { AnswerRoom } from '../shared/answer-room.ts';
import { allOf, changes } from '../shared/dynamodb/expressions.ts';
import { untilNotOvertaken } from '../shared/dynamodb/overtaken.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, TooLargeError, VersionConflictError } from '../shared/errors.ts';
import { DAY_MS, SECOND_MS, toTtl } from '../shared/platform/clock.ts';
import type { JsonValue } from '../shared/schema/fields.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { agentPartition } from './table.ts';
import {
  isAtVersion,
  isLive,
  isReplaceable,
  isUnchanged,
  livesAt,
  storedVersion,
  versionAt,
  WORKING_PREFIX,
  workingAttributes,
  workingFromItem,
  workingKey,
  type WorkingEntry,
} from './working-table.ts';

/** Limit of the value as JSON in UTF-8. */
const MAX_VALUE_BYTES = 100 * 1024;

/** The value as it is stored. @throws TooLargeError over 100 KB */
export function textOf(value: JsonValue): string {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > MAX_VALUE_BYTES)
    throw new TooLargeError(`The value is ${bytes} bytes as JSON; the limit is ${MAX_VALUE_BYTES}`);
  return text;
}

export const endAfter = (now: Date, ttlSeconds: number): string =>
  new Date(now.getTime() + ttlSeconds * SECOND_MS).toISOString();

const noEntry = (agentId: string, key: string) =>
  new NotFoundError(`Agent ${agentId} has no working memory ${key}`);

/** Values an agent keeps for minutes or hours: current context, recent queries. The last write wins, or the expected one. */
export class WorkingMemory {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /**
   * One update: 1 WRU for 1 KB. One more over an item from before there were versions.
   *
   * @param expectedVersion the version to replace; 0: there is none, or its time is up
   * @throws VersionConflictError; TooLargeError over 100 KB
   */
  async put(
    agentId: string,
    key: string,
    value: JsonValue,
    ttlSeconds: number,
    expectedVersion?: number,
  ): Promise<WorkingEntry> {
    const text = textOf(value);
    const now = this.#table.clock();
    const times = { updatedAt: now.toISOString(), expiresAt: endAfter(now, ttlSeconds) };
    const set = workingAttributes(times, text, randomUUID());
    const version = await this.#registry.noteAround(agentId, expectedVersion, () =>
      this.#replace(workingKey(agentId, key), { set, now, expectedVersion }),
    );
    return { agentId, key, value, version, ...times };
  }

  /** @returns the new version */
  async #replace(
    key: ReturnType<typeof workingKey>,
    { set, now, expectedVersion }: Replacement,
  ): Promise<number> {
    return untilNotOvertaken(async () => {
      const replaced = await this.#table.update(key, changes({ set, add: { version: 1 } }), {
        condition: isReplaceable(now, expectedVersion),
        returns: 'UPDATED_NEW',
      });
      if (!replaced.failed) return replaced.item['version'] as number;
      const found = replaced.failed.item;
      // An update whose answer was lost is sent again, and finds itself.
      if (found?.['writeId'] === set.writeId) return storedVersion(found);
      const current = versionAt(found, now);
      if (expectedVersion !== undefined && expectedVersion !== current)
        throw new VersionConflictError(current);
      // Gone in between, or from before there were versions.
      if (!found) return undefined;
      const version = storedVersion(found) + 1;
      const { failed } = await this.#table.update(key, changes({ set: { ...set, version } }), {
        condition: isUnchanged(found),
      });
      return failed && failed.item?.['writeId'] !== set.writeId ? undefined : version;
    });
  }

  /** Strongly consistent. @throws NotFoundError when it is absent or its time is up */
  async get(agentId: string, key: string): Promise<WorkingEntry> {
    const item = await this.#table.get(workingKey(agentId, key));
    if (!isLive(item, this.#table.clock())) throw noEntry(agentId, key);
    return workingFromItem(agentId, item);
  }

  /**
   * Takes the value, and ends the entry's time. Its version and its tokens stay for a day: a version that a caller still
   * expects never comes again for another value, and a repeated append does not bring the list back.
   *
   * @throws NotFoundError when it is absent or its time is up; VersionConflictError
   */
  async remove(
    agentId: string,
    key: string,
    expectedVersion?: number,
  ): Promise<{ agentId: string; key: string; deletedAt: string }> {
    const now = this.#table.clock();
    const live = livesAt(now.toISOString());
    const ended = { expiresAt: now.toISOString(), ttl: toTtl(now.getTime() + DAY_MS) };
    const { failed } = await this.#table.update(
      workingKey(agentId, key),
      changes({ set: ended, remove: ['json'] }),
      { condition: expectedVersion === undefined ? live : allOf(live, isAtVersion(expectedVersion)) },
    );
    if (failed && isLive(failed.item, now)) throw new VersionConflictError(storedVersion(failed.item));
    if (failed) throw noEntry(agentId, key);
    return { agentId, key, deletedAt: now.toISOString() };
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

interface Replacement {
  readonly set: ReturnType<typeof workingAttributes>;
  readonly now: Date;
  readonly expectedVersion: number | undefined;
}
