const STOP_WORDS = new Set(
  (
    'a an and are as at be been but by for from had has have he her his i in into is it its me my of on or our she ' +
    'so that the their them then there these they this to was we were which while who will with you your'
  ).split(' '),
);
const WORD = /[\p{L}\p{N}]+(?:[.,:'_-][\p{L}\p{N}]+)*/gu;

/** The words of a text as they stand, lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

export const isStopWord = (word: string): boolean => STOP_WORDS.has(word);
export const hasDigit = (word: string): boolean => /\p{N}/u.test(word);
