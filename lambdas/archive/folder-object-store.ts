import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectStore } from './object-store.ts';

const absent =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return instead;
    throw error;
  };

/** Ending of a file that is being written. */
const UNFINISHED = '.new';

/** A folder that plays the bucket on one machine. */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const file = join(this.#root, key);
    await mkdir(dirname(file), { recursive: true });
    // Renamed into place: a reader sees the old object or the new one, never half of one.
    const unfinished = `${file}.${randomUUID()}${UNFINISHED}`;
    await writeFile(unfinished, body);
    await rename(unfinished, file);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return readFile(join(this.#root, key)).catch(absent(undefined));
  }

  async *list(prefix: string): AsyncGenerator<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await readdir(join(this.#root, folder), { recursive: true, withFileTypes: true }).catch(
      absent([]),
    );
    const keys = entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(UNFINISHED))
      .map((entry) => join(entry.parentPath, entry.name).slice(join(this.#root, '/').length))
      .filter((key) => key.startsWith(prefix));
    yield* keys.sort(byCharacter);
  }

  async *folders(prefix: string): AsyncGenerator<string> {
    const entries = await readdir(join(this.#root, prefix), { withFileTypes: true }).catch(absent([]));
    yield* entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(byCharacter);
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await rm(join(this.#root, key), { force: true });
  }
}

const byCharacter = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
