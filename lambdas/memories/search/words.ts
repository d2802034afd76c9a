import { stemmer } from 'stemmer';
import { detach, memoizeText } from '../../shared/text/memoize.ts';

/**
 * Words that say nothing about what is meant: articles, pronouns, auxiliaries, prepositions, and what questions are
 * made of. Negations are kept.
 */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an the this that these those i me my mine we us our ours you your yours he him his she her hers it its they ' +
    'them their theirs who whom whose which what when where why how am is are was were be been being have has had ' +
    'having do does did doing done will would shall should can could may might must and or but if then else than so ' +
    'as at by for from in into of off on onto out over to up with about against between through during before after ' +
    'above below again there here all any both each few more most other some such only own same too very just also ' +
    'ever s t d ll m o re ve don didn doesn isn aren wasn weren won tell said say says please get got go'
  ).split(' '),
);

export interface WordRules {
  readonly stemming: boolean;
  readonly stopWords: boolean;
}
export const defaultWordRules: WordRules = { stemming: true, stopWords: true };

/** Of words seen before: the same few ten thousand come again and again. */
const MAX_STEMMED_CHARACTERS = 500_000;
const englishStemOf = memoizeText(MAX_STEMMED_CHARACTERS, (word) => detach(stemmer(word)));

/** Names with digits in them are not English. */
const stemOf = (word: string): string =>
  word.length < 3 || /[^a-z]/.test(word) ? word : englishStemOf(word);

const WORD = /[\p{L}\p{N}]+(?:[.][\p{N}]+)*/gu;

/** The terms of a text in their order: lower case, Porter's stems (Porter 1980), without stop words. */
export function termsOf(text: string, rules: WordRules = defaultWordRules): string[] {
  const terms: string[] = [];
  for (const word of text.normalize('NFKC').toLowerCase().match(WORD) ?? [])
    if (!rules.stopWords || !STOP_WORDS.has(word)) terms.push(rules.stemming ? stemOf(word) : word);
  return terms;
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

/** A UTC time in the words people ask with: `2026-03-05T…` is `2026-03-05 2026 march 5 thursday`. */
export function dateWords(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return [
    date.toISOString().slice(0, 10),
    date.getUTCFullYear(),
    MONTHS[date.getUTCMonth()],
    date.getUTCDate(),
    WEEKDAYS[date.getUTCDay()],
  ].join(' ');
}

const ORDINALS = (
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth ' +
  'sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth ' +
  'twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first'
).split(' ');
// Longer ones first: the twenty-second is not the second.
const DAY = `(${ORDINALS.toReversed().join('|')}|[0-9]{1,2}(?=st|nd|rd|th))(?:st|nd|rd|th)?`;
const MONTH = `(?:${MONTHS.join('|')})`;
const DAY_OF_MONTH = new RegExp(`\\b${DAY}(?: of)? ${MONTH}\\b|\\b${MONTH} (?:the )?${DAY}\\b`, 'gi');

/** A question's words, with the number of a day it names: `the second of March` asks for 2 as well. */
export function questionTermsOf(question: string, rules: WordRules = defaultWordRules): string[] {
  const days = [...question.matchAll(DAY_OF_MONTH)].map(([, before, after]) => {
    const day = (before ?? after)!.toLowerCase();
    return ORDINALS.includes(day) ? String(ORDINALS.indexOf(day) + 1) : String(Number(day));
  });
  return termsOf([question, ...days].join(' '), rules);
}
