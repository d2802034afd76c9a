import type * as z from 'zod';
import { canonicalJson, sha256 } from '../shared/platform/ids.ts';
import type { JsonValue } from '../shared/schema/fields.ts';
import { type MemoryType, memoryTypes } from '../shared/schema/memory-categories.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { memorySchema } from './fields.ts';

export { type MemoryType, memoryTypes };

type Stored = ReadonlyDeep<z.output<typeof memorySchema>>;

export type MemoryContent = Stored['content'];
export type Metadata = NonNullable<Stored['metadata']>;
/** The origin of a memory. */
export type Provenance = NonNullable<Stored['provenance']>;
/** The outcome of what a memory tells of; `gain` −0.02 is two percent lost. */
export type MemoryOutcome = NonNullable<Stored['outcome']>;

/** A memory as it is stored; when it expires is computed on reading. */
export interface Memory extends Omit<Stored, 'expiresAt'> {
  /** Its embedding, of unit length; absent when none was configured or it could not be made. */
  readonly vector?: Float32Array;
}

/** A memory as it was before a change. */
export interface Revision {
  readonly version: number;
  readonly memory: Memory;
  /** When the next version took its place. */
  readonly replacedAt: string;
}

const oneLine = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

/**
 * Names a memory by what it says: the same content again, whatever its spacing or the order of its fields, is the same
 * memory. 128 bits of SHA-256.
 */
export function memoryIdOf(
  agentId: string,
  memoryType: MemoryType,
  category: string,
  content: MemoryContent,
): string {
  const canonical = typeof content === 'string' ? oneLine(content) : canonicalJson(content);
  return `${memoryType}-${sha256(canonicalJson([agentId, memoryType, category, canonical])).slice(0, 32)}`;
}

/** The id a memory would have if its present content were new. */
export const contentIdOf = ({ agentId, memoryType, category, content }: Memory): string =>
  memoryIdOf(agentId, memoryType, category, content);

/** Types whose rows are memories. Patterns are rows of their own room, read through it and never written here. */
export const storedTypes: readonly MemoryType[] = memoryTypes.filter((type) => type !== 'PATTERN');

const typesLongestFirst = [...storedTypes].sort((a, b) => b.length - a.length);

/** The type in an id, or undefined when no memory's row can have that id. */
export const typeOfMemory = (memoryId: string): MemoryType | undefined =>
  typesLongestFirst.find((type) => memoryId.startsWith(`${type}-`));

/** A rendering of an object is for search: its beginning will do. */
const MAX_RENDERED = 8_000;

/** Content in words: a string as it is, an object as `path value` lines, by path: a table keeps no order of fields. */
export function renderContent(content: MemoryContent): string {
  if (typeof content === 'string') return content;
  const lines: string[] = [];
  let length = 0;
  const pending: [path: string, value: JsonValue][] = [['', content as JsonValue]];
  for (let next = pending.pop(); next && length < MAX_RENDERED; next = pending.pop()) {
    const [path, value] = next;
    if (value === null) continue;
    if (typeof value === 'object') {
      const entries: [string, JsonValue][] = Array.isArray(value)
        ? value.map((item) => [path, item])
        : Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [path ? `${path} ${key}` : key, item]);
      pending.push(...entries.reverse());
      continue;
    }
    const line = `${path} ${String(value)}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n').slice(0, MAX_RENDERED);
}
