import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Memory } from '../../../../lambdas/memories/memory.ts';
import {
  compressTo,
  MAX_SUMMARY,
  sizeOf,
  summaryOf,
  commonWordsOf,
} from '../../../../lambdas/memories/ageing/compression.ts';
import { type MemoryContent, renderContent } from '../../../../lambdas/memories/memory.ts';
import { memoryForms } from '../../../../lambdas/memories/memory-stages.ts';
import { memoryOf } from './memory-generator.ts';

const memory = fc
  .record({
    text: fc.string({ maxLength: 600 }),
    content: fc.option(fc.dictionary(fc.string({ maxLength: 9 }), fc.jsonValue({ maxDepth: 4 }))),
    own: fc.boolean(),
  })
  .map(({ text, content, own }) => {
    const said = (content ?? text) as MemoryContent;
    return memoryOf({
      memoryId: 'm',
      content: said,
      text: own ? text : renderContent(said),
      metadata: { a: 1, speaker: 'mia' },
    });
  });

describe('a shorter form', () => {
  it('is the same in one step or several, and stays what it is', () => {
    fc.assert(
      fc.property(memory, (full) => {
        let stepwise: Memory = full;
        for (const form of memoryForms) {
          stepwise = compressTo(stepwise, form);
          expect(compressTo(full, form)).toEqual(stepwise);
          expect(compressTo(stepwise, 'full')).toEqual(stepwise);
        }
      }),
    );
  });

  it('is never longer than the one before', () => {
    fc.assert(
      fc.property(memory, (full) => {
        let before = full;
        for (const form of memoryForms.slice(1)) {
          const after = compressTo(before, form);
          expect(sizeOf(after)).toBeLessThanOrEqual(sizeOf(before));
          before = after;
        }
        expect(before.metadata).toEqual({ speaker: 'mia' });
      }),
    );
  });

  it('keeps the fields, then a sentence or two, then what it was about', () => {
    const noise = Array.from(
      { length: 12 },
      (_, i) => `Line ${i} of the order book moved sideways for a while.`,
    );
    const text = `Bought the BTC breakout. ${noise.join(' ')} The breakout held and the order book followed.`;
    const content = {
      asset: 'BTC',
      price: 42_000,
      book: { bids: 12, levels: { best: 41_990 } },
      tags: ['a', 'b', 'c', 'd', 'e', 'f'],
      raw: 'x'.repeat(500),
    };
    const full = memoryOf({
      memoryId: 'm',
      text,
      content,
      metadata: { trace: 'y' },
      outcome: { status: 'success' },
    });
    const essential = compressTo(full, 'essential');
    expect(essential).toMatchObject({
      text,
      content: { asset: 'BTC', price: 42_000, book: { bids: 12 }, tags: ['a', 'b', 'c', 'd', 'e'] },
    });
    expect((essential.content as { raw: string }).raw).toHaveLength(200);
    const summary = compressTo(full, 'summary');
    expect(summary.text.length).toBeLessThanOrEqual(MAX_SUMMARY);
    expect(summary.text).toContain('The breakout held');
    const pattern = compressTo(full, 'pattern');
    expect(pattern.text.split(' ').length).toBeLessThanOrEqual(10);
    expect(pattern).toMatchObject({
      text: expect.stringContaining('breakout'),
      outcome: { status: 'success' },
    });
  });
});

describe('a summary', () => {
  it('of one endless sentence is its beginning', () => {
    expect(summaryOf(`start ${'word '.repeat(200)}`)).toMatch(/^start (word )+word…$/);
  });

  it('of numbers alone is what there is', () => {
    expect(commonWordsOf('42 43')).toBe('42 43');
  });
});
