import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Memory } from '../../../../lambdas/memories/memory.ts';
import { factsOf, setCosine } from '../../../../lambdas/memories/ageing/facts.ts';
import { NearVectors } from '../../../../lambdas/memories/ageing/near-vectors.ts';
import { nearDuplicates } from '../../../../lambdas/memories/ageing/redundancy.ts';
import { seeded } from '../../mining/case-generator.ts';
import { memories, memoryOf } from './memory-generator.ts';

const THRESHOLD = 0.85;
const groupsOf = (ranked: readonly Memory[]) =>
  [...nearDuplicates(ranked, THRESHOLD, () => true)].map(([memoryId, group]) => [
    memoryId,
    group.map((memory) => memory.memoryId),
  ]);

const saying = (...texts: string[]) => texts.map((text, i) => memoryOf({ memoryId: `m${i}`, text }));

describe('near-duplicates', () => {
  it('are found as by comparing each with each', () => {
    fc.assert(
      fc.property(memories, (list) => {
        const ranked = list.map(({ vector: _, ...memory }): Memory => ({ ...memory, form: 'full' }));
        const facts = ranked.map(factsOf);
        const leaders: number[] = [];
        const expected = new Map<string, string[]>();
        for (const [i, own] of facts.entries()) {
          const leader = leaders.find((place) => {
            const other = facts[place]!;
            return (
              other.block === own.block &&
              setCosine(other.stems, own.stems) >= THRESHOLD &&
              setCosine(other.pairs, own.pairs) >= 0.5
            );
          });
          if (leader === undefined) leaders.push(i);
          else {
            const { memoryId } = ranked[leader]!;
            expected.set(memoryId, [...(expected.get(memoryId) ?? []), ranked[i]!.memoryId]);
          }
        }
        expect(new Map(groupsOf(ranked) as [string, string[]][])).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('say the same in nearly the same words', () => {
    expect(
      groupsOf(
        saying(
          'BTC momentum breakout above resistance with strong volume',
          'BTC momentum breakouts above resistance with very strong volume',
          'Airline refused the refund of a basic economy ticket',
        ),
      ),
    ).toEqual([['m0', ['m1']]]);
  });

  it.each([
    [
      'a number',
      'BTC broke out above resistance at 42000 dollars',
      'BTC broke out above resistance at 43000 dollars',
    ],
    [
      'a negation',
      'the airline agent did refund the cancelled ticket',
      'the airline agent did not refund the cancelled ticket',
    ],
    ['the order of the words', 'ETH rose hours after BTC fell', 'BTC rose hours after ETH fell'],
  ])('are not two that differ in %s', (_what, one, other) => {
    expect(groupsOf(saying(one, other))).toEqual([]);
  });

  it('are not two of different outcome, kind or user', () => {
    const text = 'buying the breakout above resistance';
    const fields: Partial<Memory>[] = [
      {},
      { outcome: { status: 'success' } },
      { outcome: { status: 'failure' } },
      { memoryType: 'FAILURE' },
      { provenance: { userId: 'mia' } },
    ];
    expect(groupsOf(fields.map((each, i) => memoryOf({ memoryId: `m${i}`, text, ...each })))).toEqual([]);
  });

  it('are found by their vectors where the words differ', () => {
    const [a, b, c] = saying('the market is rising', 'prices climb everywhere', 'volatility collapsed');
    const near = [a!, b!, c!].map((memory, i) => ({
      ...memory,
      vector: Float32Array.from(
        [
          [1, 0.1],
          [1, 0],
          [0, 1],
        ][i]!,
      ),
    }));
    expect(groupsOf(near)).toEqual([['m0', ['m1']]]);
  });
});

describe('vectors', () => {
  it('at a cosine of 0.9 are missed in about 0.4 % of pairs, and none is found below the threshold', () => {
    const random = seeded(7);
    const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
    const unit = () => {
      const vector = Array.from({ length: 64 }, normal);
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    };
    /** Another vector at this cosine: the part of a random one that is orthogonal, added in. */
    const atCosine = (vector: number[], cosine: number) => {
      const other = unit();
      const along = other.reduce((sum, value, i) => sum + value * vector[i]!, 0);
      const across = other.map((value, i) => value - along * vector[i]!);
      const length = Math.hypot(...across);
      return vector.map((value, i) => cosine * value + (Math.sqrt(1 - cosine ** 2) * across[i]!) / length);
    };
    const pairs = 1000;
    let [found, wrong] = [0, 0];
    for (let i = 0; i < pairs; i++) {
      const vector = unit();
      const index = new NearVectors(THRESHOLD);
      const place = (values: number[]) => index.place(Float32Array.from(values));
      index.add({ rank: 0, memoryId: 'one', ...place(vector) });
      if (index.find(place(atCosine(vector, 0.9)))) found++;
      if (index.find(place(atCosine(vector, 0.84)))) wrong++;
    }
    expect(wrong).toBe(0);
    expect(found).toBeGreaterThanOrEqual(pairs - 10);
  });
});
