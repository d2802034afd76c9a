import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { createEstimate, linesOf, wordsOf } from '../../../lambdas/context/token-estimate.ts';
import { readVocabulary } from '../../../lambdas/context/vocabulary.ts';

/** Node has it only behind a flag. */
function gc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const estimate = createEstimate(readVocabulary());
// What looks like a special token is text like any other.
const asText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
const counts = (text: string) => ({
  cl100k: cl100k.encode(text, asText).length,
  o200k: o200k.encode(text, asText).length,
});

const root = join(import.meta.dirname, '..', '..', '..');
const file = (path: string): string => readFileSync(join(root, path), 'utf8');
const hashes = Array.from({ length: 40 }, (_, i) => createHash('sha256').update(String(i)));

/** Texts of many kinds, each with how far above the larger count the estimate may lie. */
const corpus: readonly (readonly [name: string, text: string, ratio: number])[] = [
  ['prose', file('README.md'), 1.1],
  ['a licence', file('LICENSE'), 1.05],
  ['TypeScript', file('lambdas/signals/signal-inbox.ts'), 1.1],
  ['JSON', file('docs/openapi.json').slice(0, 60_000), 1.1],
  ['configuration', file('package.json'), 1.2],
  ['numbers', Array.from({ length: 500 }, (_, i) => (i * 7919.137).toFixed(i % 7)).join(', '), 1.02],
  ['hexadecimal', hashes.map((hash) => hash.copy().digest('hex')).join('\n'), 1.1],
  ['base64', hashes.map((hash) => hash.copy().digest('base64')).join('\n'), 1.1],
  [
    'a conversation',
    'user: My reservation 3FRNFB is basic economy. Can I still cancel it and get a refund?\n' +
      'assistant: I am sorry, Ms. Sánchez: basic economy is not refundable after 24 hours – unless insured.',
    1.1,
  ],
  ['Chinese', '我们今天讨论了航班取消的问题，客户希望退款。下一步是联系人工客服，并在周五之前答复。', 1.9],
  ['Japanese', '東京から大阪までの新幹線は二時間半かかります。明日の予約を変更したいです。', 1.8],
  ['Korean', '안녕하세요, 오늘 회의는 세 시에 시작합니다. 예약을 취소하고 싶습니다.', 1.8],
  ['emoji', '🎉🚀 great 👍🏽 👨‍👩‍👧‍👦 ❤️ ok ✅ ❌ 🔥🔥🔥', 1.25],
  [
    'German',
    'Die Rückerstattung für nicht angetretene Flüge wird innerhalb von vierzehn Tagen überwiesen.',
    1.3,
  ],
  ['Russian', 'Пассажир хотел бы отменить бронирование и получить возврат денег на карту.', 1.5],
  ['Arabic', 'يرغب المسافر في إلغاء الحجز واسترداد المبلغ على البطاقة.', 1.7],
];

describe('the estimate of tokens', () => {
  it.each(corpus)('of %s is not below what either encoding counts, and not far above', (_, text, ratio) => {
    const tokens = estimate(text);
    const counted = counts(text);
    expect(tokens).toBeGreaterThanOrEqual(counted.cl100k);
    expect(tokens).toBeGreaterThanOrEqual(counted.o200k);
    expect(tokens / Math.max(counted.cl100k, counted.o200k)).toBeLessThan(ratio);
  });

  const words = fc.array(
    fc.nat(99_999).map((token) => cl100k.decode([token])),
    { maxLength: 30 },
  );
  const glued = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 60 });
  const everyKind = [
    ['ASCII', fc.string({ maxLength: 80 })],
    ['any characters', fc.string({ unit: 'grapheme', maxLength: 60 })],
    ['any code points', fc.string({ unit: 'binary', maxLength: 60 })],
    ['any tokens in a row', words.map((some) => some.join(''))],
    ['any tokens as words', words.map((some) => some.join(' '))],
    ['JSON', fc.json()],
    ['mixed case', glued("aAbBcCdDeEfFsS'/ \n.")],
    ['syllables', glued('我们的航班、。か한국 ')],
  ] as const;
  // The tokenizer compared with loses the one token a byte-order mark is (its decoder drops the mark), and counts two.
  const kinds = everyKind.map(
    ([name, texts]) => [name, texts.filter((text) => !text.includes('\ufeff'))] as const,
  );

  it.each(kinds)('is never below what cl100k counts, for %s', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(estimate(text)).toBeGreaterThanOrEqual(counts(text).cl100k);
      }),
      { numRuns: 300 },
    );
  });

  it('is not below what o200k counts for a page of anything; by itself a made-up word may be a token off', () => {
    const page = fc.array(fc.oneof(...kinds.map(([, texts]) => texts)), { minLength: 40, maxLength: 60 });
    fc.assert(
      fc.property(page, (lines) => {
        const text = lines.join('\n');
        expect(estimate(text)).toBeGreaterThanOrEqual(counts(text).o200k);
      }),
      { numRuns: 60 },
    );
  });

  it('cuts a text into lines and words whose tokens add up, in either encoding', () => {
    const broken = fc.array(
      fc.oneof(
        fc.constantFrom(
          '\n',
          '\r\n',
          '\n\n',
          ' ',
          '  ',
          '\t',
          '/',
          '.',
          '...',
          '\u00a0',
          '\u2028',
          '\u3000',
          "'s",
          '<',
          '12',
        ),
        ...kinds.map(([, texts]) => texts),
      ),
      { minLength: 20, maxLength: 60, size: 'max' },
    );
    let cuts = 0;
    fc.assert(
      fc.property(broken, (some) => {
        const text = some.join('');
        const parts = linesOf(text).flatMap(wordsOf);
        expect(parts.join('')).toBe(text);
        cuts += parts.length - 1;
        for (const encoding of ['cl100k', 'o200k'] as const)
          expect(parts.reduce((sum, part) => sum + counts(part)[encoding], 0)).toBe(counts(text)[encoding]);
      }),
      { numRuns: 400 },
    );
    expect(cuts).toBeGreaterThan(10_000);
  });

  it('holds for what has no spaces in it, however long', () => {
    const long = hashes
      .map((hash) => hash.copy().digest('base64'))
      .join('')
      .repeat(20);
    for (const text of [long, 'a'.repeat(20_000), '='.repeat(5_000), ' '.repeat(5_000), '我'.repeat(5_000)]) {
      expect(estimate(text)).toBeGreaterThanOrEqual(o200k.encode(text, asText).length);
    }
  });

  it('adds up over lines: joining two texts by a line break costs one token at most', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const [above, below] = [a.trim(), b.trim()];
        expect(estimate(`${above}\n${below}`)).toBeLessThanOrEqual(estimate(above) + 1 + estimate(below));
      }),
      { numRuns: 300 },
    );
  });

  it('remembers lines without the texts they were part of', () => {
    const collectGarbage = gc();
    const fresh = createEstimate(readVocabulary());
    const page = 'A line that comes again, and is long enough.\n'.repeat(1_000);
    const measure = (from: number): number => {
      for (let i = from; i < from + 1_000; i++) fresh(`${page}And then a new line, the ${i}th.`);
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = measure(0);
    // All of the texts would be 45 MB more.
    expect(measure(1_000) - before).toBeLessThan(10_000_000);
  });
});
