import { stemmer } from 'stemmer';

/** Words that say nothing about what a text is about. */
const STOP_WORDS = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it ' +
    'its me my no not of on or our out she should so some than that the their them then there these they this to up ' +
    'us was we were what when where which who will with would you your please'
  ).split(' '),
);

/** Letters and digits of any script, ids and decimals in one piece; camelCase and snake_case in their parts as well. */
const WORD = /[\p{L}\p{N}]+(?:[._-][\p{L}\p{N}]+)*/gu;
const PART = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+|\p{Lo}/gu;

/** What a text is about, as stems: of an identifier both the whole and its parts. Repeats are not repeated. */
export function termsOf(text: string): ReadonlySet<string> {
  const known = remembered.get(text);
  if (known) return known;
  const terms = readTerms(text);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(text, terms);
  return terms;
}

/** Texts whose terms one process remembers: the same records are ranked again with every call. */
const MAX_REMEMBERED = 20_000;
const remembered = new Map<string, ReadonlySet<string>>();

function readTerms(text: string): Set<string> {
  const terms = new Set<string>();
  const add = (word: string): void => {
    if (!STOP_WORDS.has(word)) terms.add(stemmer(word));
  };
  for (const [word] of text.matchAll(WORD)) {
    add(word.toLowerCase());
    const parts = word.match(PART) ?? [];
    if (parts.length > 1)
      for (const part of parts) if (part.length > 1 || /\p{Lo}/u.test(part)) add(part.toLowerCase());
  }
  return terms;
}
