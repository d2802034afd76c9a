import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BestOf } from '../../../lambdas/memories/search/best-of.ts';
import { MemoryCollection, keyOf } from '../../../lambdas/memories/search/memory-collection.ts';
import { VectorMatrix } from '../../../lambdas/memories/search/vector-matrix.ts';
import { memoryOf } from '../../../scripts/bench/search/labelled.ts';

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
