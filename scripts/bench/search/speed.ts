import MiniSearch from 'minisearch';
import { CollectionCache } from '../../../lambdas/memories/search/collection-cache.ts';
import { MemoryCollection } from '../../../lambdas/memories/search/memory-collection.ts';
import { rank } from '../../../lambdas/memories/search/ranking.ts';
import { searchTermsOf } from '../../../lambdas/shared/text/terms.ts';
import type { Memory } from '../../../lambdas/memories/memory.ts';
import { randomSource } from '../../shared/random.ts';
import { measureCold } from './cold.ts';
import { memoryOf } from '../../../test/support/labelled-memories.ts';

export interface SpeedSizes {
  readonly memories: number;
  readonly queries: number;
  /** Agents asked about one after the other. */
  readonly agents: number;
}

export const sizes: SpeedSizes = { memories: 10_000, queries: 300, agents: 300 };
export const quickSizes: SpeedSizes = { memories: 250, queries: 10, agents: 10 };
const CHARACTERS = 700;
/** Of each of the agents, and what their indexes may take together. */
const MEMORIES_EACH = 100;
const CACHE_BYTES = 32 * 2 ** 20;
const NOW = new Date('2026-03-02T00:00:00.000Z');

/** Words as rare as in a language: the n-th is said 1/n as often as the first (Zipf). */
function textsOf(random: () => number): () => string {
  const vocabulary = Array.from(
    { length: 20_000 },
    (_, i) => `${'bcdfghklmnprstvw'[i % 16]}${i.toString(36)}ing`,
  );
  const word = () => vocabulary[Math.floor(vocabulary.length ** random()) - 1]!;
  return () => {
    let text = '';
    while (text.length < CHARACTERS) text += `${word()} `;
    return text;
  };
}

/** Of the processor, so that what else the machine does at the time does not count. */
const milliseconds = (work: () => unknown): number => {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
};
const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)]!;
const print = (name: string, value: string) => process.stdout.write(`${name.padEnd(34)}${value}\n`);

/** Indexing, searching and refreshing memories of 1 KB as stored, beside the library on the same texts. */
export async function measureSpeed({ memories: count, queries: asked, agents }: SpeedSizes): Promise<void> {
  const random = randomSource(2);
  const next = textsOf(random);
  const memories: Memory[] = Array.from({ length: count }, (_, i) => {
    const sketch = { content: next(), sessionId: `s${i % 500}`, seq: i };
    return { ...memoryOf('speed', sketch, String(i)), vector: vectorOf(random) };
  });
  const queries = Array.from({ length: asked }, () => next().split(' ').slice(0, 8).join(' '));
  process.stdout.write(
    `\n${count} memories of ${CHARACTERS} characters, ${asked} questions of 8 words; processor time\n`,
  );
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const collection = new MemoryCollection();
  print('index', `${milliseconds(() => memories.forEach((memory) => collection.put(memory))).toFixed(0)} ms`);
  globalThis.gc?.();
  const grown = (process.memoryUsage().heapUsed - heap) / 2 ** 20;
  print(
    'heap for the index',
    `${grown.toFixed(0)} MB (counted as ${(collection.bytes / 2 ** 20).toFixed(0)} MB with its memories)`,
  );
  const request = { topK: 10, isWanted: () => true, now: NOW };
  const vector = vectorOf(random);
  for (const [name, extra] of [
    ['search by words', {}],
    ['search by words and vectors', { vector }],
  ] as const) {
    const times: number[] = [];
    for (const query of queries)
      times.push(milliseconds(() => rank([collection], { ...request, ...extra, query })));
    print(name, `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`);
  }
  const one = milliseconds(() => memories.slice(0, 100).forEach((memory) => collection.put(memory)));
  print('take in one change', `${(one / 100).toFixed(2)} ms`);
  const library = new MiniSearch({
    fields: ['text'],
    idField: 'memoryId',
    tokenize: (text) => searchTermsOf(text),
  });
  print('library: index', `${milliseconds(() => library.addAll(memories)).toFixed(0)} ms`);
  const times: number[] = [];
  for (const query of queries) times.push(milliseconds(() => library.search(query)));
  print('library: search by words', `p50 ${percentile(times, 0.5).toFixed(1)} ms`);
  await measureMany(memories, agents);
  process.stdout.write('\nwith its reads, by the wall clock, on DynamoDB Local\n');
  await measureCold(memories, queries, print);
}

/** Whether what is kept stays bounded when there are more agents than fit. */
async function measureMany(memories: readonly Memory[], agents: number): Promise<void> {
  const cache = new CollectionCache(CACHE_BYTES);
  let most = 0;
  for (let agent = 0; agent < agents; agent++) {
    const collection = new MemoryCollection();
    const first = (agent * MEMORIES_EACH) % memories.length;
    for (const memory of memories.slice(first, first + MEMORIES_EACH))
      collection.put({ ...memory, agentId: `agent-${agent}` });
    await cache.current(`agent-${agent}`, () => ({ collection, refresh: () => Promise.resolve() }));
    most = Math.max(most, cache.bytes);
  }
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  print(
    `${agents} agents of ${MEMORIES_EACH} memories`,
    `at most ${megabytes(most)} of the ${megabytes(CACHE_BYTES)} allowed, ${cache.size} of them kept`,
  );
}

function vectorOf(random: () => number): Float32Array {
  const values = Float32Array.from({ length: 256 }, () => random() - 0.5);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
