import type { Memory } from '../memory.ts';
import { LexicalIndex } from './lexical-index.ts';
import { dateWords, defaultWordRules, termsOf, type WordRules } from './words.ts';

/** What goes into the text that is searched, and how: all of it, unless a measurement leaves something out. */
export interface CollectionRules {
  readonly words: WordRules;
  /** Tags, speaker, topic and date words beside the text. */
  readonly attributes: boolean;
}
export const defaultCollectionRules: CollectionRules = { words: defaultWordRules, attributes: true };

/** Past so much of a text its first part says what it is about. */
const MAX_INDEXED_CHARACTERS = 16_000;
/** A memory in memory: the object, its strings twice (as they are and as terms), its postings. Measured: see ADR 015. */
const BYTES_PER_MEMORY = 2_000;
const BYTES_PER_CHARACTER = 5;
/** Slots of what was removed or replaced are given back when they are so large a part. */
const MAX_DEAD = 0.5;

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** When what a memory tells of happened; else when it was stored. */
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
  readonly #rules: CollectionRules;
  #index = new LexicalIndex();
  /** By slot; undefined where a memory was removed or replaced. */
  #memories: (Memory | undefined)[] = [];
  readonly #slots = new Map<string, number>();
  readonly #sessions = new Map<string, Turn[]>();
  #bytes = 0;

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

  get index(): LexicalIndex {
    return this.#index;
  }

  /** By slot, with holes. */
  get memories(): readonly (Memory | undefined)[] {
    return this.#memories;
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  keys(): string[] {
    return [...this.#slots.keys()];
  }

  put(memory: Memory): void {
    const key = keyOf(memory);
    this.remove(key);
    const text = this.#rules.attributes ? searchedText(memory) : memory.text;
    const slot = this.#index.add(termsOf(text, this.#rules.words));
    this.#memories[slot] = memory;
    this.#slots.set(key, slot);
    this.#bytes += bytesOf(memory);
    const session = sessionOf(memory);
    if (session === undefined) return;
    const turns = this.#sessions.get(session) ?? [];
    const seq = memory.metadata?.['seq'];
    const turn: Turn = { slot, order: [typeof seq === 'number' ? seq : 0, timeOf(memory), memory.memoryId] };
    turns.splice(placeOf(turns, turn), 0, turn);
    this.#sessions.set(session, turns);
  }

  remove(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    const memory = this.#memories[slot]!;
    this.#index.remove(slot);
    this.#memories[slot] = undefined;
    this.#slots.delete(key);
    this.#bytes -= bytesOf(memory);
    const session = sessionOf(memory);
    const turns = session === undefined ? undefined : this.#sessions.get(session);
    if (turns) {
      turns.splice(
        turns.findIndex((turn) => turn.slot === slot),
        1,
      );
      if (turns.length === 0) this.#sessions.delete(session!);
    }
    if (this.#memories.length > 1000 && this.#slots.size < this.#memories.length * (1 - MAX_DEAD))
      this.#compact();
  }

  /** Calls back with the slots of each two turns that follow each other in a conversation. */
  forEachPair(visit: (earlier: number, later: number) => void): void {
    for (const turns of this.#sessions.values())
      for (let i = 1; i < turns.length; i++) visit(turns[i - 1]!.slot, turns[i]!.slot);
  }

  #compact(): void {
    const memories = this.#memories.filter((memory) => memory !== undefined);
    this.#index = new LexicalIndex();
    this.#memories = [];
    this.#slots.clear();
    this.#sessions.clear();
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

const bytesOf = ({ text, content, vector }: Memory): number =>
  BYTES_PER_MEMORY +
  BYTES_PER_CHARACTER * text.length +
  // Text that is not the content itself is beside it.
  (typeof content === 'string' ? 0 : 2 * text.length) +
  (vector?.byteLength ?? 0);
