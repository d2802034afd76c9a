/**
 * How a text is split into words, and which words are left out. Four uses differ on purpose: search, the nightly
 * comparison of memories, context assembly and session summaries. Each difference is stated here, once.
 */

/** Left out by every use: articles, pronouns, auxiliaries and the commonest prepositions. */
const COMMON =
  'a an the this that these i me my we our you your he his she her it its they them their who which is are was were be ' +
  'been have has had will and but or then so as at by for from in into of on to with there';
/** They ask, compare or say that something is only possible. A comparison keeps them: they change what is said. */
const MODAL = 'what when where how does did would should can could than some please';
/** Not left out of summaries: there `out` counts, and the others are too short to be looked at. */
const SHORT = 'us do if out up';
/** Left out by search and summaries. */
const LESS_COMMON = 'those him whom whose why being may might must about again here all any tell';
/** Left out by search alone: more pronouns and prepositions, and the pieces into which it splits contractions. */
const RARE =
  'mine ours yours hers theirs am having doing done shall else off onto over against between through during before ' +
  'after above below both each few more most other such only own same too very just also ever s t d ll m o re ve don ' +
  'didn doesn isn aren wasn weren won said say says get got go';
/** Search and the comparison of memories keep them: what is denied is something else. */
const DENYING = 'no not';
/** Left out by summaries alone: they fill the sentences of a conversation. */
const CONVERSATIONAL = 'let use anything something nothing now still new look looks like know think';

const wordSet = (...lists: readonly string[]): ReadonlySet<string> => new Set(lists.join(' ').split(' '));

const SEARCH_STOP_WORDS = wordSet(COMMON, MODAL, SHORT, LESS_COMMON, RARE);
const COMPARISON_STOP_WORDS = wordSet(COMMON, 'while');
const CONTEXT_STOP_WORDS = wordSet(COMMON, MODAL, SHORT, DENYING);
const SUMMARY_STOP_WORDS = wordSet(COMMON, MODAL, LESS_COMMON, DENYING, CONVERSATIONAL);

export const isSearchStopWord = (word: string): boolean => SEARCH_STOP_WORDS.has(word);
/** The shortest list: a comparison must look at every word that can make a difference. */
export const isComparisonStopWord = (word: string): boolean => COMPARISON_STOP_WORDS.has(word);
export const isContextStopWord = (word: string): boolean => CONTEXT_STOP_WORDS.has(word);

/** Letters and digits of any script. */
const RUN = String.raw`[\p{L}\p{N}]+`;

/** @param joints a pattern of what may go on after such a run and still be the same word */
function wordsWith(joints: string): (text: string) => readonly string[] {
  const pattern = new RegExp(`${RUN}${joints}`, 'gu');
  return (text) => text.match(pattern) ?? [];
}

/** Decimals in one piece, all else apart: a part of `funding-rate` is found as well. */
export const searchWordsOf = wordsWith(String.raw`(?:[.]\p{N}+)*`);

/** Ids and decimals in one piece, in their own case: the parts of an identifier are told by it. */
export const identifiersOf = wordsWith(`(?:[._-]${RUN})*`);

const joinedWordsOf = wordsWith(`(?:[.,:'_-]${RUN})*`);
/** Amounts, dates, times, ids and contractions in one piece, lower case: two that differ anywhere are two facts. */
export const comparedWordsOf = (text: string): readonly string[] => joinedWordsOf(text.toLowerCase());

const plainWordsOf = wordsWith('');
/** Shorter words, counted in code points, carry nothing in a summary. */
const SHORTEST_CONTENT_WORD = 3;

/** The words that carry what a sentence is about, as session summaries compare sentences. */
export const contentWords = (sentence: string): Set<string> =>
  new Set(
    plainWordsOf(sentence.toLowerCase()).filter(
      (word) => [...word].length >= SHORTEST_CONTENT_WORD && !SUMMARY_STOP_WORDS.has(word),
    ),
  );

export const hasDigit = (word: string): boolean => /\p{N}/u.test(word);

const NEGATION = /^(?:no|not|never|none|without|neither|nor|cannot|\p{L}+n't)$/u;
/** Words that turn a statement around: they are facts like numbers, however short. */
export const isNegation = (word: string): boolean => NEGATION.test(word);

/** A beginning that ends between words, with a mark, and not within a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const beginning = text.slice(0, most - 1);
  const space = beginning.lastIndexOf(' ');
  return `${(space > most / 2 ? beginning.slice(0, space) : beginning).trimEnd().toWellFormed()}…`;
}
