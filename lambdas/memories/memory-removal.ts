import type { Archive } from '../archive/archive.ts';
import { hasVersion } from '../shared/dynamodb/expressions.ts';
import type { Key, Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, ThrottledError } from '../shared/errors.ts';
import type { Sharing } from '../sharing/sharing.ts';
import { archivedMemory } from './archived-memory.ts';
import { aliasesOf, aliasTarget, fromItem, memoryKey, revisionKey } from './table.ts';
import type { MemoryFeed } from './memory-feed.ts';
import type { MemoryRecords } from './memory-records.ts';

/** Tries of a removal when somebody else changes the memory at the same time. */
const TRIES = 5;
/** Rows deleted at a time. */
const AT_A_TIME = 25;
/** Names that go in one transaction with their memory, which holds 100 actions. Further ones go before. */
const MAX_ALIASES = 90;

/**
 * Takes a memory away for good, from its agent and from everybody it is shared with. All of its versions are in the
 * archive before any of it goes, and the memory itself goes last. Killed anywhere, the same request again finishes it.
 */
export class MemoryRemoval {
  readonly #table: Table;
  readonly #records: MemoryRecords;
  readonly #feed: MemoryFeed;
  readonly #sharing: Sharing;
  readonly #archive: Archive;

  constructor(
    table: Table,
    parts: { records: MemoryRecords; feed: MemoryFeed; sharing: Sharing; archive: Archive },
  ) {
    this.#table = table;
    this.#records = parts.records;
    this.#feed = parts.feed;
    this.#sharing = parts.sharing;
    this.#archive = parts.archive;
  }

  /**
   * One PUT to S3, then 5 write units for a memory of up to 1 KB and 1 for each KB of its revisions.
   * @throws NotFoundError; expired and not collected yet is removed as well
   */
  async remove(agentId: string, memoryId: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const item = await this.#records.item(agentId, memoryId);
      if (!item || aliasTarget(item) !== undefined) throw new NotFoundError(`No memory ${memoryId}`);
      const memory = fromItem(item);
      const shared = await this.#sharing.get(agentId, memoryId);
      if (shared && shared.with.length > 0)
        await this.#sharing.put({ owner: agentId, memoryId }, [], memory.importance);
      const revisions = await this.#records.revisions(agentId, memoryId);
      await this.#archive.write(
        'memory',
        [...revisions.map((revision) => revision.memory), memory].map(archivedMemory),
        'deleted',
      );
      await this.#deleteAll(revisions.map(({ version }) => revisionKey(agentId, memoryId, version)));
      const aliases = aliasesOf(item);
      await this.#deleteAll(aliases.slice(MAX_ALIASES).map((alias) => memoryKey(agentId, alias)!));
      if (await this.#delete(agentId, memoryId, memory.version, aliases.slice(0, MAX_ALIASES))) return;
    }
    throw new ThrottledError('Too many writes to one memory; slow down and retry');
  }

  async #deleteAll(keys: readonly Key[]): Promise<void> {
    for (let start = 0; start < keys.length; start += AT_A_TIME)
      await Promise.all(keys.slice(start, start + AT_A_TIME).map((key) => this.#table.delete(key)));
  }

  /** @returns whether it was deleted; not when it has another version by now */
  async #delete(
    agentId: string,
    memoryId: string,
    version: number,
    aliases: readonly string[],
  ): Promise<boolean> {
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.delete(memoryKey(agentId, memoryId)!, hasVersion(version)),
      actions.put(this.#feed.row(agentId, memoryId)),
      ...aliases.map((alias) => actions.delete(memoryKey(agentId, alias)!)),
    ]);
    return !failed;
  }
}
