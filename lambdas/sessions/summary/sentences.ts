import { cut } from '../../shared/text/words.ts';

/** Most of a message that is looked at for a summary, and most of a sentence that is kept, in UTF-16 units. */
const MAX_TEXT = 20_000;
const MAX_SENTENCE = 240;

/** The part of a message that a summary is made from. */
export const beginningOf = (text: string): string => text.slice(0, MAX_TEXT);

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Titles after which a point ends no sentence; the segmenter does not know them. */
const ABBREVIATION = /\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|approx|No)\.\s*$/;

const CONTROL = /[\p{Cc}\p{Cf}]+/gu;

/** The sentences of a text, each on one line and of bounded length. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const line of beginningOf(text).toWellFormed().split(/\r?\n/)) {
    let open = '';
    for (const { segment } of segmenter.segment(line)) {
      open += segment;
      if (ABBREVIATION.test(open)) continue;
      sentences.push(open);
      open = '';
    }
    sentences.push(open);
  }
  return sentences
    .map((sentence) => cut(sentence.replace(CONTROL, ' ').replace(/\s+/g, ' ').trim(), MAX_SENTENCE))
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

const NUMBER = /\d[\d.,:/-]*\d|\d/g;

/** The numbers in a sentence, as they are written: amounts, dates, ids. */
export const numbersIn = (sentence: string): string[] => sentence.match(NUMBER) ?? [];

/**
 * Text that looks like a name: capitals inside a word or past the sentence's first, symbols such as BTC-USD, text in
 * quotation marks, e-mail addresses.
 */
const NAME =
  /(?<=\S\s+["'(]?)\p{Lu}[\p{L}\p{N}]*(?:[-_.&]\p{L}[\p{L}\p{N}]*)*(?:\s+\p{Lu}[\p{L}\p{N}]+)*|\b\p{Lu}{2,}[\p{Lu}\p{N}]*(?:[-_/]\p{Lu}[\p{Lu}\p{N}]*)*\b|\b\p{Ll}+\p{Lu}\p{L}*\b|"[^"]{2,60}"|“[^”]{2,60}”|[\w.+-]+@[\w-]+\.[\w.]+/gu;

export const namesIn = (sentence: string): string[] =>
  (sentence.match(NAME) ?? []).filter((name) => name !== 'I' && !/^I[ '’]/.test(name));
