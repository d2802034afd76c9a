import { memoryTypes } from '../../shared/schema/memory-categories.ts';
import { defaultWordRules, searchTermsOf, type WordRules } from '../../shared/text/terms.ts';
import type { Memory } from '../memory.ts';
import { LexicalIndex } from './lexical-index.ts';
import { VectorMatrix } from './vector-matrix.ts';
import { dateWords } from './date-words.ts';

/** Rules by which a memory becomes searched text. Measurements leave some of it out. */
export interface CollectionRules {
  readonly words: WordRules;
  /** Tags, speaker, topic and date words beside the text. */
  readonly attributes: boolean;
}
export const defaultCollectionRules: CollectionRules = { words: defaultWordRules, attributes: true };

/** Characters of a text that are searched: the beginning of a longer one says what it is about. */
const MAX_INDEXED_CHARACTERS = 16_000;
/** A memory in memory: the object, its strings twice (as they are and as terms), its postings. Measured: see ADR 015. */
const BYTES_PER_MEMORY = 2_000;
const BYTES_PER_CHARACTER = 5;
/** Share of slots of removed or replaced memories at which the collection is rebuilt without them. */
const MAX_DEAD = 0.5;

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** The time of what a memory tells of; else the time it was stored. */
export const timeOf = ({ metadata, createdAt }: Memory): string => {
  const occurredAt = metadata?.['occurredAt'];
  const time = typeof occurredAt === 'string' ? new Date(occurredAt) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : createdAt;
};

/** Speaker first: `Ana: we sell` is found by what Ana said. */
function searchedText(memory: Memory): string {
  const { metadata = {}, tags, text } = memory;
  const parts = [
    textOf(metadata['speaker']),
    textOf(metadata['topic']),
    tags.join(' '),
    dateWords(timeOf(memory)),
  ];
  return `${parts.join(' ')} ${text.slice(0, MAX_INDEXED_CHARACTERS)}`;
}

interface Turn {
  readonly slot: number;
  /** Its place in its session: `metadata.seq`, else by time. */
  readonly order: readonly [seq: number, time: string, memoryId: string];
}

const byOrder = (a: Turn, b: Turn): number => {
  for (const i of [0, 1, 2] as const) if (a.order[i] !== b.order[i]) return a.order[i] < b.order[i] ? -1 : 1;
  return 0;
};

/** Of several owners in one collection: an id may be anything's but its owner's. */
export const keyOf = ({ agentId, memoryId }: Pick<Memory, 'agentId' | 'memoryId'>): string =>
  `${agentId}#${memoryId}`;

const sessionOf = ({ agentId, provenance }: Memory): string | undefined =>
  provenance?.sessionId === undefined ? undefined : `${agentId}#${provenance.sessionId}`;

/** Memories ready to be searched, in memory: kept up to date one by one. */
export class MemoryCollection {
  /** Memories of its owner that were left out when it was read. */
  unsearched = 0;
  readonly #rules: CollectionRules;
  #index = new LexicalIndex();
  /** By slot; undefined where a memory was removed or replaced. */
  #memories: (Memory | undefined)[] = [];
  /** By slot, the place of its type in `memoryTypes`. */
  #typeCodes: number[] = [];
  readonly #slots = new Map<string, number>();
  readonly #sessions = new Map<string, Turn[]>();
  /** By slot, the slots of the turns before and after it in its conversation; -1 where there is none. */
  #earlier: number[] = [];
  #later: number[] = [];
  /** By length: another model may have made others. */
  readonly #vectors = new Map<number, VectorMatrix>();
  #bytes = 0;
  #version = 0;

  constructor(rules: CollectionRules = defaultCollectionRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** About how much of the process's memory it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Another one whenever something in it has changed. */
  get version(): number {
    return this.#version;
  }

  get index(): LexicalIndex {
    return this.#index;
  }

  /** By slot, with holes; without their vectors. */
  get memories(): readonly (Memory | undefined)[] {
    return this.#memories;
  }

  /** By slot, the place of its type in `memoryTypes`. */
  get typeCodes(): readonly number[] {
    return this.#typeCodes;
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  keys(): string[] {
    return [...this.#slots.keys()];
  }

  put({ vector, ...memory }: Memory): void {
    const key = keyOf(memory);
    this.remove(key);
    this.#version++;
    const text = this.#rules.attributes ? searchedText(memory) : memory.text;
    const slot = this.#index.add(searchTermsOf(text, this.#rules.words));
    this.#memories[slot] = memory;
    this.#typeCodes[slot] = memoryTypes.indexOf(memory.memoryType);
    this.#slots.set(key, slot);
    this.#bytes += bytesOf(memory) + (vector?.byteLength ?? 0);
    if (vector) this.#matrixOf(vector.length).set(slot, vector);
    this.#earlier[slot] = this.#later[slot] = -1;
    const session = sessionOf(memory);
    if (session === undefined) return;
    const turns = this.#sessions.get(session) ?? [];
    const seq = memory.metadata?.['seq'];
    const turn: Turn = { slot, order: [typeof seq === 'number' ? seq : 0, timeOf(memory), memory.memoryId] };
    const place = placeOf(turns, turn);
    turns.splice(place, 0, turn);
    this.#link(turns[place - 1]?.slot, slot);
    this.#link(slot, turns[place + 1]?.slot);
    this.#sessions.set(session, turns);
  }

  remove(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#version++;
    const memory = this.#memories[slot]!;
    this.#index.remove(slot);
    this.#memories[slot] = undefined;
    this.#slots.delete(key);
    this.#bytes -= bytesOf(memory);
    for (const [dimensions, matrix] of this.#vectors)
      if (matrix.remove(slot)) this.#bytes -= dimensions * Float32Array.BYTES_PER_ELEMENT;
    const session = sessionOf(memory);
    const turns = session === undefined ? undefined : this.#sessions.get(session);
    if (turns) {
      const place = turns.findIndex((turn) => turn.slot === slot);
      turns.splice(place, 1);
      this.#link(turns[place - 1]?.slot, turns[place]?.slot);
      if (turns.length === 0) this.#sessions.delete(session!);
    }
    if (this.#memories.length > 1000 && this.#slots.size < this.#memories.length * (1 - MAX_DEAD))
      this.#compact();
  }

  /** The slot of the turn before one in its conversation; -1: none. */
  earlierThan(slot: number): number {
    return this.#earlier[slot]!;
  }

  laterThan(slot: number): number {
    return this.#later[slot]!;
  }

  /** By slot, the cosine with a unit vector; 0 where there is no vector of its length. */
  cosines(vector: Float32Array): Float64Array {
    const cosines = new Float64Array(this.#memories.length);
    this.#vectors.get(vector.length)?.cosines(vector, cosines);
    return cosines;
  }

  #link(earlier: number | undefined, later: number | undefined): void {
    if (earlier !== undefined) this.#later[earlier] = later ?? -1;
    if (later !== undefined) this.#earlier[later] = earlier ?? -1;
  }

  #matrixOf(dimensions: number): VectorMatrix {
    const matrix = this.#vectors.get(dimensions) ?? new VectorMatrix(dimensions);
    this.#vectors.set(dimensions, matrix);
    return matrix;
  }

  #compact(): void {
    const memories = this.#memories.flatMap((memory, slot) => {
      if (!memory) return [];
      const [vector] = [...this.#vectors.values()].flatMap((matrix) => matrix.get(slot) ?? []);
      return vector ? { ...memory, vector } : memory;
    });
    this.#index = new LexicalIndex();
    this.#memories = [];
    this.#typeCodes = [];
    this.#slots.clear();
    this.#sessions.clear();
    this.#earlier = [];
    this.#later = [];
    this.#vectors.clear();
    this.#bytes = 0;
    for (const memory of memories) this.put(memory);
  }
}

/** Most turns come in their order: looked for from the end. */
function placeOf(turns: readonly Turn[], turn: Turn): number {
  let place = turns.length;
  while (place > 0 && byOrder(turn, turns[place - 1]!) < 0) place--;
  return place;
}

const bytesOf = ({ text, content }: Memory): number =>
  BYTES_PER_MEMORY +
  BYTES_PER_CHARACTER * text.length +
  // Text that is not the content itself is beside it.
  (typeof content === 'string' ? 0 : 2 * text.length);
