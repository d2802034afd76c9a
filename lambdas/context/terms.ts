import { stemmer } from 'stemmer';
import { detach, memoizeText } from '../shared/text/memoize.ts';

/** Words that say nothing about the subject of a text. */
const STOP_WORDS = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it ' +
    'its me my no not of on or our out she should so some than that the their them then there these they this to up ' +
    'us was we were what when where which who will with would you your please'
  ).split(' '),
);

/** Letters and digits of any script. Ids and decimals stay in one piece; camelCase and snake_case add their parts. */
const WORD = /[\p{L}\p{N}]+(?:[._-][\p{L}\p{N}]+)*/gu;
const PART = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+|\p{Lo}/gu;

/** Every call ranks the same records again, and texts share most of their words. Takes some 100 MB at most. */
const MAX_CACHED_CHARACTERS = 4_000_000;

/** The words of a text as stems, each once, without stop words. An identifier adds itself and its parts. */
export const termsOf: (text: string) => ReadonlySet<string> = memoizeText(
  MAX_CACHED_CHARACTERS,
  (text) => new Set((text.match(WORD) ?? []).flatMap(termsOfWord)),
);

const termsOfWord = memoizeText(MAX_CACHED_CHARACTERS, (word): readonly string[] => {
  const parts = word.match(PART) ?? [];
  const others = parts.length > 1 ? parts.filter((part) => part.length > 1 || /\p{Lo}/u.test(part)) : [];
  return [word, ...others]
    .map((part) => part.toLowerCase())
    .filter((part) => !STOP_WORDS.has(part))
    .map((part) => detach(stemmer(part)));
});
