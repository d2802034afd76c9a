import { stemmer } from 'stemmer';
import { detach, memoizeText } from './memoize.ts';
import { identifiersOf, isContextStopWord, isSearchStopWord, searchWordsOf } from './words.ts';

/** The same few ten thousand words come again and again. */
const MAX_STEMMED_CHARACTERS = 500_000;

/** The stem of a word in lower case (Porter 1980). */
export const stemOf = memoizeText(MAX_STEMMED_CHARACTERS, (word) => detach(stemmer(word)));

export interface WordRules {
  readonly stemming: boolean;
  readonly stopWords: boolean;
}
export const defaultWordRules: WordRules = { stemming: true, stopWords: true };

/** Names with digits in them are not English: search finds them only as they are. */
const englishStemOf = (word: string): string =>
  word.length < 3 || /[^a-z]/.test(word) ? word : stemOf(word);

/** The terms of a text to be searched, in their order, each as often as it is there; full-width forms as plain ones. */
export function searchTermsOf(text: string, rules: WordRules = defaultWordRules): string[] {
  const terms: string[] = [];
  for (const word of searchWordsOf(text.normalize('NFKC').toLowerCase()))
    if (!rules.stopWords || !isSearchStopWord(word)) terms.push(rules.stemming ? englishStemOf(word) : word);
  return terms;
}

/** The parts of camelCase and snake_case, and single characters of scripts without spaces. */
const PART = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+|\p{Lo}/gu;

/** The same records are ranked again with every call, and texts share most of their words: 100 MB or so at most. */
const MAX_REMEMBERED_CHARACTERS = 4_000_000;

/** The words of a text as stems, each once. An identifier adds itself and its parts. */
export const termsOf: (text: string) => ReadonlySet<string> = memoizeText(
  MAX_REMEMBERED_CHARACTERS,
  (text) => new Set(identifiersOf(text).flatMap(termsOfIdentifier)),
);

const termsOfIdentifier = memoizeText(MAX_REMEMBERED_CHARACTERS, (word): readonly string[] => {
  const parts = word.match(PART) ?? [];
  const others = parts.length > 1 ? parts.filter((part) => part.length > 1 || /\p{Lo}/u.test(part)) : [];
  return [word, ...others]
    .map((part) => part.toLowerCase())
    .filter((part) => !isContextStopWord(part))
    .map((part) => detach(stemmer(part)));
});
