import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { BestOf } from '../../../lambdas/memories/search/best-of.ts';
import { HashingEmbedder } from '../../../lambdas/memories/search/embedder.ts';
import { MemoryCollection, keyOf } from '../../../lambdas/memories/search/memory-collection.ts';
import { MemorySearch } from '../../../lambdas/memories/search/memory-search.ts';
import { rank } from '../../../lambdas/memories/search/ranking.ts';
import { questionTermsOf } from '../../../lambdas/memories/search/date-words.ts';
import { VectorMatrix } from '../../../lambdas/memories/search/vector-matrix.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { memoryOf } from '../../support/labelled-memories.ts';

describe('the best of many', () => {
  it('are those that sorting all of them puts first, in that order', () => {
    const values = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 12 }), (all, size) => {
        const best = new BestOf<number>(size, (a, b) => a - b);
        for (const [place, value] of all.entries()) if (value >= best.least) best.add(value, place);
        const places = all.map((_, place) => place);
        expect(best.inOrder()).toEqual(places.sort((a, b) => all[b]! - all[a]! || a - b).slice(0, size));
      }),
    );
  });
});

describe('a ranking', () => {
  const types = ['RULE', 'TRADE', 'INSIGHT'] as const;
  const now = new Date('2026-03-01T12:00:00.000Z');
  /** Few words and days, so that many are as good as others. */
  const sketch = fc.record({
    words: fc.array(fc.constantFrom('buy', 'sell', 'hold'), { minLength: 1, maxLength: 3 }),
    memoryType: fc.constantFrom(...types),
    day: fc.integer({ min: 1, max: 28 }),
    vector: fc.constantFrom([1, 0], [0, 1], [0.6, 0.8]),
  });
  const sketches = fc.array(sketch, { maxLength: 40 });
  type Sketches = typeof sketches extends fc.Arbitrary<infer Value> ? Value : never;
  const collectionOf = (some: Sketches): MemoryCollection => {
    const collection = new MemoryCollection();
    for (const [i, { words, memoryType, day, vector }] of some.entries()) {
      const memory = memoryOf('ranked', { content: words.join(' ') }, String(i));
      const lastSeenAt = `2026-02-${String(day).padStart(2, '0')}T00:00:00.000Z`;
      collection.put({ ...memory, memoryType, lastSeenAt, vector: Float32Array.from(vector) });
    }
    return collection;
  };
  const isWanted = () => true;

  it('by words is of the two hundred that score highest, of equals those with the lower id', () => {
    const terms = questionTermsOf('buy or hold');
    const many = fc.array(sketch, { minLength: 250, maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(many, fc.subarray([...types], { minLength: 1 }), (some, kept) => {
        const collection = collectionOf(some);
        const scored = collection.memories.map((memory, slot) => ({
          memory: memory!,
          score: collection.index.explain(terms, slot).score,
        }));
        const expected = scored
          .filter(({ memory, score }) => score > 0 && kept.some((type) => type === memory.memoryType))
          .sort((a, b) => b.score - a.score || (a.memory.memoryId < b.memory.memoryId ? -1 : 1))
          .slice(0, 200)
          .map(({ memory }, i) => [memory.memoryId, i + 1]);
        const hits = rank([collection], { query: 'buy or hold', now, topK: 1_000, types: kept, isWanted });
        const found = hits.map(({ memory, why }) => [memory.memoryId, why.lexical!.rank] as const);
        expect(found.sort(([, a], [, b]) => a - b)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['words', {}],
    ['words and vectors', { vector: Float32Array.of(1, 0) }],
  ])('by %s starts the same however many are asked for, and however types are left out', (_, by) => {
    fc.assert(
      fc.property(sketches, fc.integer({ min: 1, max: 10 }), fc.subarray([...types]), (some, topK, kept) => {
        const collections = [collectionOf(some)];
        const question = { query: 'buy or hold', now, ...by };
        const of = (wanted: Partial<Parameters<typeof rank>[1]>) =>
          rank(collections, { ...question, topK: 1_000, isWanted, ...wanted });
        expect(of({ topK })).toEqual(of({}).slice(0, topK));
        expect(of({ types: kept })).toEqual(
          of({ isWanted: ({ memoryType }) => kept.some((type) => type === memoryType) }),
        );
      }),
    );
  });
});

describe('a search', () => {
  const memory = (name: string) => memoryOf('searched', { content: `${name} is due` }, name);

  it('ranks what it knows while it asks for news, and again when there are any', async () => {
    const stored = new Map(['rent', 'tax'].map((name) => [memory(name).memoryId, memory(name)]));
    let news: string[] = [];
    let isAnswered = false;
    /** At each ranking, which reads the clock once, whether the news were there. */
    const ranked: boolean[] = [];
    const embedded: string[] = [];
    const embedder = new HashingEmbedder();
    const position = {} as never;
    const search = new MemorySearch({
      records: {
        ofAgent: async function* () {
          yield [...stored.values()];
        },
        getMany: async () => news.flatMap((id) => stored.get(id) ?? []),
      } as never,
      feed: {
        begin: async () => position,
        since: async () => {
          isAnswered = false;
          await sleep(50);
          isAnswered = true;
          return { memoryIds: news, position };
        },
      } as never,
      sharing: undefined as never,
      categories: defaultMemoryCategories,
      clock: () => {
        ranked.push(isAnswered);
        return new Date(memory('rent').createdAt);
      },
      embedder: {
        ...embedder,
        embed: (text) => {
          embedded.push(text);
          return embedder.embed(text);
        },
      },
    });
    const found = async () => {
      const [first, second] = await search.searchBatch('searched', [
        { query: 'due' },
        { query: 'due', topK: 1 },
      ]);
      expect(second!.hits).toEqual(first!.hits.slice(0, 1));
      return first!.hits.map(({ memory: { text } }) => text.split(' ')[0]).sort();
    };
    expect(await found()).toEqual(['rent', 'tax']);
    expect(await found()).toEqual(['rent', 'tax']);
    expect(ranked.splice(0)).toEqual([false, false]);
    // The same question is embedded once.
    expect(embedded).toEqual(['due', 'due']);
    stored.set(memory('fee').memoryId, memory('fee'));
    stored.delete(memory('tax').memoryId);
    news = [memory('fee').memoryId, memory('tax').memoryId];
    expect(await found()).toEqual(['fee', 'rent']);
    expect(ranked).toEqual([false, true]);
  });
});

describe('vectors in one matrix', () => {
  it('have the cosines of each by itself, whatever was removed', () => {
    const component = fc.integer({ min: -5, max: 5 });
    const steps = fc.array(
      fc.tuple(fc.nat(9), fc.option(fc.array(component, { minLength: 3, maxLength: 3 }))),
      { maxLength: 200 },
    );
    const unit = (values: readonly number[]) => {
      const length = Math.hypot(...values) || 1;
      return Float32Array.from(values, (value) => value / length);
    };
    fc.assert(
      fc.property(steps, (list) => {
        const matrix = new VectorMatrix(3);
        const expected = new Map<number, Float32Array>();
        for (const [slot, values] of list) {
          expect(matrix.remove(slot)).toBe(expected.delete(slot));
          if (values === null) continue;
          expected.set(slot, unit(values));
          matrix.set(slot, unit(values));
        }
        const query = unit([1, 2, -2]);
        const cosines = new Float64Array(10);
        matrix.cosines(query, cosines);
        for (let slot = 0; slot < 10; slot++) {
          const vector = expected.get(slot);
          expect(matrix.get(slot)).toEqual(vector);
          const cosine = vector?.reduce((sum, value, i) => sum + value * query[i]!, 0) ?? 0;
          expect(cosines[slot]).toBeCloseTo(cosine, 5);
        }
      }),
    );
  });

  it('are still there after the slots of what was replaced were given back', () => {
    const collection = new MemoryCollection();
    const memory = (i: number) => ({
      ...memoryOf('compact', { content: `memory ${i}`, sessionId: 's', seq: i }, String(i)),
      vector: Float32Array.of(i % 2, (i + 1) % 2),
    });
    for (let round = 0; round < 3; round++) for (let i = 0; i < 500; i++) collection.put(memory(i));
    expect(collection.memories.length).toBeLessThan(1500);
    const cosines = collection.cosines(Float32Array.of(1, 0));
    const found = collection.memories.map((one, slot) => one && ([one.text, cosines[slot]] as const));
    expect(found.filter(Boolean)).toHaveLength(500);
    for (const [text, cosine] of found.filter((one) => one !== undefined))
      expect(cosine).toBe(Number(text.split(' ')[1]) % 2);
    collection.remove(keyOf(memory(7)));
    const six = collection.memories.findIndex((one) => one?.text === 'memory 6');
    const after = collection.laterThan(six);
    expect(collection.memories[after]?.text).toBe('memory 8');
    expect(collection.earlierThan(after)).toBe(six);
  });
});
