import type { Estimate } from './token-estimate.ts';

/**
 * Stored text, made safe to put in front of a model. It stays readable, and can only be taken for text of a record:
 *
 * - Control characters, ANSI escapes, bidirectional and invisible characters are removed, so nothing is hidden.
 * - The `<` that opens a tag becomes `‹`: before a letter, `/`, `|`, `!`, `?`, another `<`, or before blanks and `name>`.
 *   So text cannot open or close a block of the answer, nor write a marker of a chat template (`<|im_start|>`,
 *   `<<SYS>>`, `</s>`).
 * - `[INST]` and `[/INST]` become `(INST)`, and a turn marker at the start of a line (`Human:`) loses its colon.
 * - Every line but the first is indented, so only the answer's own words begin at the margin.
 */
export function asData(text: string): string {
  return lines(text).join('\n  ');
}

/** The same on one line, for text in a heading. */
export const asLine = (text: string): string => lines(text).join(' ');

const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
/** Controls, formatting (zero width, bidirectional, tags), surrogates, private and unassigned; not tab and line feed. */
const INVISIBLE =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0\u034f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029\u000b\u000c]/g;
/** Fullwidth and small look-alikes are replaced too: a model reads them the same. */
const TAG_OPENS =
  /[<\uff1c\ufe64](?=\p{L}|\s*[/|!?<\uff1c\ufe64\uff0f\uff5c]|\s+\p{L}[\p{L}\p{N}_-]*\s*[>\uff1e\ufe65])/gu;
const INSTRUCTION = /\[(\/?INST)\]/gi;
const TURN = /^((?:human|user|assistant|system|tool|developer|model))\s*[:\uff1a]/i;
const LOOSE_BLANKS = /[\t \u00a0\u2000-\u200a\u202f\u205f\u3000]{2,}|\t/g;

function lines(text: string): string[] {
  return text
    .replace(ESCAPES, '')
    .replace(LINE_ENDS, '\n')
    .replace(INVISIBLE, '')
    .replace(TAG_OPENS, '‹')
    .replace(INSTRUCTION, '($1)')
    .split('\n')
    .map((line) => line.replace(LOOSE_BLANKS, ' ').trim().replace(TURN, '$1 -'))
    .filter((line) => line !== '');
}

/** The mark in place of text that was left out. */
export const CUT_MARK = '[…]';

/** Ends of sentences, each before a space. A line end is one as well. */
const SENTENCE_END = /[.!?…]['")\]]*(?=\s)|[。！？]|\n/gu;

/**
 * The longest beginning of a text that fits into this many tokens together with the mark. It ends at a sentence where one
 * ends in its second half, else at a space. A text that fits is returned as it is.
 *
 * @returns undefined when nothing of it fits
 */
export function cutToFit(
  text: string,
  maxTokens: number,
  estimate: Estimate,
): { readonly text: string; readonly cut: boolean } | undefined {
  if (estimate(text) <= maxTokens) return { text, cut: false };
  const fits = (end: number): boolean => estimate(`${text.slice(0, end).trimEnd()} ${CUT_MARK}`) <= maxTokens;
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(middle)) least = middle;
    else most = middle - 1;
  }
  // A shorter text nearly always has fewer tokens, but not at every character. So each cut is checked again.
  const sentences = [...text.slice(0, least).matchAll(SENTENCE_END)].map((end) => end.index + end[0].length);
  const spaces = [...text.slice(0, least).matchAll(/\s/gu)].map(({ index }) => index);
  const candidates = [
    ...sentences.filter((end) => end >= least / 2).reverse(),
    ...spaces.reverse(),
    ...sentences.reverse(),
  ];
  const end =
    candidates.find((candidate) => candidate > 0 && fits(candidate)) ?? wholeCharacters(text, least);
  return end > 0 && fits(end)
    ? { text: `${text.slice(0, end).trimEnd()} ${CUT_MARK}`, cut: true }
    : undefined;
}

/** Leaves no half of a surrogate pair at the end. */
const wholeCharacters = (text: string, end: number): number =>
  /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end - 1 : end;
