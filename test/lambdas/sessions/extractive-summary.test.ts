import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { noteDown } from '../../../lambdas/sessions/summary/extractive-summary.ts';
import type { Message } from '../../../lambdas/sessions/session.ts';
import type { Role } from '../../../lambdas/sessions/session-limits.ts';
import { renderNotes } from '../../../lambdas/sessions/summary/summary.ts';

const LIMIT = 1600;

const conversation = (said: readonly (readonly [Role, string])[]): Message[] =>
  said.map(([role, content], i) => ({ seq: i + 1, role, content, createdAt: '2026-03-01T09:00:00.000Z' }));

const summaryOf = (...said: (readonly [Role, string])[]) =>
  renderNotes(noteDown([], conversation(said), LIMIT));

const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

/** What fills an hour: every line says something new, and nothing of it matters. */
const smallTalk = (i: number): readonly [Role, string] =>
  i % 2 === 0
    ? ['user', `And how does it look now, at tick ${i}?`]
    : [
        'assistant',
        `At tick ${i - 1} the price moved by ${(i * 37) % 100} points, the look is the same as before.`,
      ];

const planted = {
  decision: ['user', 'We decided to close the Kraken position at 61,500.'],
  number: ['user', 'Remember that my budget is 12,750 EUR.'],
  name: ['user', 'My name is Ada Lovelace and my broker is called Grace Hopper.'],
  question: ['assistant', 'Open question: which custodian holds the collateral?'],
} as const satisfies Record<string, readonly [Role, string]>;

describe('the extractive summary', () => {
  it('reads prose that begins with a bracket, and knows an answer from not knowing', () => {
    const summary = summaryOf(
      ['user', '[Order 4711] We decided to cancel it. Which hotel did Ada book?'],
      ['assistant', 'I do not know which hotel Ada booked.'],
      ['assistant', '{"hotel": "We decided on the Ritz"}'],
    );
    expect(summary).toContain('We decided to cancel it.');
    expect(summary).toContain('Which hotel did Ada book?');
    expect(summary).not.toContain('Ritz');
    expect(
      summaryOf(['user', 'Which hotel did Ada book?'], ['assistant', 'Ada booked the hotel Adlon.']),
    ).not.toContain('Which hotel');
  });

  it('keeps decisions, open questions, numbers and names, and says which is which', () => {
    expect(
      summaryOf(
        ['user', 'Hi there. My name is Ada.'],
        ['assistant', 'Hello! Nice to meet you.'],
        ['user', 'The order 4711 is late by 3 days. Who handles refunds?'],
        ['assistant', 'We will refund it.'],
        ['tool', '{"order": 4711, "status": "We decided nothing, 99"}'],
      ),
    ).toBe(
      'Decisions: We will refund it.\n' +
        'Open questions: Who handles refunds?\n' +
        'Facts: The order 4711 is late by 3 days.\n' +
        'Names: My name is Ada.',
    );
  });

  it('drops a question once it is answered, and keeps the answer', () => {
    const asked = ['user', 'Which exchange should we use for the hedge?'] as const;
    expect(summaryOf(asked, ['assistant', 'Let me look into it.'])).toContain('Which exchange');
    const answered = summaryOf(asked, ['assistant', 'For the hedge we will use the Kraken exchange.']);
    expect(answered).toBe('Decisions: For the hedge we will use the Kraken exchange.');
  });

  it('keeps what is said twice once, and of two numbers both, the later last', () => {
    const text = summaryOf(
      ['user', 'The limit is 500.'],
      ['assistant', 'Noted.'],
      ['user', 'the limit is 500'],
      ['user', 'The limit is 700 now.'],
    );
    expect(text).toBe('Facts: the limit is 500 The limit is 700 now.');
  });

  it('keeps of a figure that is told again and again the last, and every one that was marked or that the user said', () => {
    const text = summaryOf(
      ['assistant', 'Last price 61,477.'],
      ['assistant', 'Invoice 7 is paid.'],
      ['user', 'Lot 3 is sold.'],
      ['assistant', 'Last price 61,503.'],
      ['assistant', 'Invoice 8 is paid.'],
      ['user', 'Lot 4 is sold.'],
    );
    expect(text).toBe(
      'Facts: Invoice 7 is paid. Lot 3 is sold. Last price 61,503. Invoice 8 is paid. Lot 4 is sold.',
    );
  });

  it.each([3, 100, 250])(
    'stays under its limit over 300 messages, and what was planted from message %d on survives',
    (at) => {
      const said = Array.from({ length: 300 }, (_, i) => smallTalk(i));
      said.splice(at, 4, ...Object.values(planted));
      const messages = conversation(said);
      let notes = noteDown([], [], LIMIT);
      for (let start = 0; start < messages.length; start += 5) {
        notes = noteDown(notes, messages.slice(start, start + 5), LIMIT);
        expect(bytes(renderNotes(notes))).toBeLessThanOrEqual(LIMIT);
      }
      const text = renderNotes(notes);
      for (const [, sentence] of Object.values(planted)) expect(text).toContain(sentence);
    },
  );

  it('is the same in however many steps it was made, under its limit, and made of what was said', () => {
    const pieces = fc.constantFrom(
      ...Object.values(planted).map(([, text]) => text),
      'Fine.',
      'What about Dr. Who in Paris?',
      'It costs 3.50.',
      '🙂 okay 🙂'.repeat(40),
      'We agreed on "blue moon" with ADA-USD.',
      'nothing\nof\nnote',
    );
    const message = fc.tuple(
      fc.constantFrom<Role>('user', 'assistant', 'system', 'tool'),
      fc.oneof(
        fc.array(pieces, { maxLength: 4 }).map((parts) => parts.join(' ')),
        fc.string({ unit: 'grapheme', maxLength: 80 }),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 25 }),
        fc.array(fc.nat(25), { maxLength: 4 }),
        fc.integer({ min: 200, max: 900 }),
        (said, cuts, limit) => {
          const messages = conversation(said);
          const whole = noteDown([], messages, limit);
          const edges = [0, ...[...cuts].sort((a, b) => a - b), messages.length];
          const stepwise = edges
            .slice(1)
            .reduce(
              (notes, to, i) => noteDown(notes, messages.slice(edges[i], to), limit),
              [] as ReturnType<typeof noteDown>,
            );
          expect(stepwise).toEqual(whole);
          expect(bytes(renderNotes(whole))).toBeLessThanOrEqual(limit);
          for (const { seq, text } of whole) {
            expect(text.isWellFormed()).toBe(true);
            const spoken = messages[seq - 1]!.content.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ');
            expect(spoken).toContain(text.replace(/…$/, ''));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('takes its time in proportion to what is said: a message of 400 KB is not read to its end', () => {
    const begun = performance.now();
    noteDown([], conversation([['user', 'Ada pays 5. '.repeat(33_000)]]), LIMIT);
    noteDown([], conversation([['user', `${'A'.repeat(200_000)} "${'b'.repeat(200_000)}`]]), LIMIT);
    noteDown([], conversation([['user', `${'a.b@'.repeat(100_000)}`]]), LIMIT);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
