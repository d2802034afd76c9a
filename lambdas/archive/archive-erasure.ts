import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  agentPrefix,
  type ArchiveLine,
  dayOf,
  dayPrefix,
  pointerKey,
  pointerOf,
  type UserPointer,
  userPrefix,
} from '../shared/archive-record.ts';
import { tables, type TableName } from '../shared/schema/tables.ts';
import { linesOf } from './archive.ts';
import type { ObjectStore, OpenStore } from './object-store.ts';

const compress = promisify(gzip);

type Content = Readonly<Record<string, unknown>>;

const contentOf = ({ record }: ArchiveLine): Content => JSON.parse(record) as Content;

/** The user an archived record names: of a session, or of a memory that came from them. */
export const userOf = (content: Content): string | undefined =>
  (content['userId'] ?? (content['provenance'] as Content | undefined)?.['userId']) as string | undefined;

/**
 * Removes records from the archive. Generators yield how many records are gone with each object. An object that holds
 * others' records too is written again without those that go. Nothing is kept of the old object, because the bucket has
 * no versions.
 */
export class ArchiveErasure {
  readonly #open: OpenStore;

  constructor(open: OpenStore) {
    this.#open = open;
  }

  /** Everything under an agent's name, and the copies that other agents have of their common deliveries. */
  async *ofAgent(agentId: string): AsyncGenerator<number> {
    const store = await this.#open();
    const cleared = new Set<string>();
    for (const table of Object.keys(tables) as TableName[])
      for await (const key of store.list(agentPrefix(table, agentId))) {
        const body = await store.get(key);
        const lines = body ? await linesOf(body) : [];
        for (const prefix of table === 'signals' ? counterparts(lines, agentId) : []) {
          if (cleared.has(prefix)) continue;
          cleared.add(prefix);
          yield* this.#rewrite(store, prefix, (line) => !isBetween(contentOf(line), agentId));
        }
        // The object last: it says where the rest is.
        const pointers = new Set(pointersIn(lines, table, agentId));
        await store.remove([...pointers, key]);
        yield lines.length + pointers.size;
      }
  }

  /** The pointers to everything of a user. */
  async pointers(userId: string): Promise<UserPointer[]> {
    const store = await this.#open();
    const found: UserPointer[] = [];
    for await (const key of store.list(userPrefix(userId))) found.push(pointerOf(key));
    return found;
  }

  /** The ids of an agent's archived decisions in these sessions. */
  async decisionIds(agentId: string, sessionIds: ReadonlySet<string>): Promise<string[]> {
    const store = await this.#open();
    const found: string[] = [];
    for await (const key of store.list(agentPrefix('decisions', agentId))) {
      const body = await store.get(key);
      for (const line of body ? await linesOf(body) : [])
        if (sessionIds.has(String(contentOf(line)['sessionId']))) found.push(line.id);
    }
    return found;
  }

  /** An agent's sessions and the decisions made in them. */
  async *ofSessions(agentId: string, sessionIds: ReadonlySet<string>): AsyncGenerator<number> {
    const store = await this.#open();
    yield* this.#rewrite(store, agentPrefix('state', agentId), ({ id }) => !sessionIds.has(id));
    yield* this.#rewrite(
      store,
      agentPrefix('decisions', agentId),
      (line) => !sessionIds.has(String(contentOf(line)['sessionId'])),
    );
  }

  /** The records the pointers name, and then the pointers. */
  async *ofPointers(pointers: readonly UserPointer[]): AsyncGenerator<number> {
    const store = await this.#open();
    for (const pointer of pointers) {
      const { table, agentId, day, id } = pointer;
      yield* this.#rewrite(store, dayPrefix(table, agentId, day), (line) => line.id !== id);
      await store.remove([pointerKey(pointer)]);
      yield 1;
    }
  }

  async *#rewrite(
    store: ObjectStore,
    prefix: string,
    stays: (line: ArchiveLine) => boolean,
  ): AsyncGenerator<number> {
    for await (const key of store.list(prefix)) {
      const body = await store.get(key);
      const lines = body ? await linesOf(body) : [];
      const left = lines.filter(stays);
      if (left.length === lines.length) continue;
      if (left.length === 0) await store.remove([key]);
      else await store.put(key, await compress(left.map((line) => `${JSON.stringify(line)}\n`).join('')));
      yield lines.length - left.length;
    }
  }
}

const isBetween = ({ sourceAgent, targetAgent }: Content, agentId: string): boolean =>
  sourceAgent === agentId || targetAgent === agentId;

/** Days of other agents in which the same deliveries are. */
const counterparts = (lines: readonly ArchiveLine[], agentId: string): string[] =>
  lines.flatMap((line) => {
    const { sourceAgent, targetAgent } = contentOf(line);
    return [sourceAgent, targetAgent]
      .filter((other) => other !== agentId)
      .map((other) => dayPrefix('signals', String(other), dayOf(line.timestamp)));
  });

const pointersIn = (lines: readonly ArchiveLine[], table: TableName, agentId: string): string[] =>
  lines.flatMap((line) => {
    const userId = userOf(contentOf(line));
    const { id, timestamp } = line;
    return userId === undefined ? [] : [pointerKey({ userId, table, agentId, day: dayOf(timestamp), id })];
  });
