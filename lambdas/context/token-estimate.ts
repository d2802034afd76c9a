import { memoizeText } from '../shared/text/memoize.ts';

/**
 * An upper bound of a text's tokens, without a tokenizer's whole vocabulary.
 *
 * Byte-pair encoding merges the pair of lowest rank until no pair is left. With the first N ranks only, it does the same
 * merges in the same order and stops earlier. Further merges make fewer tokens, never more. So a truncated vocabulary
 * gives an upper bound, which for cl100k_base is proven. o200k_base merges in another order, so each piece that comes out
 * counts as the tokens it is there. Measured, that is never too low for a page of any text; a made-up word by itself can
 * be a token or two off. English prose comes out 6 to 9 % too high, JSON and code 5 to 8 %. Other European languages
 * are 25 to 45 % too high, Chinese, Japanese and Korean 60 to 75 %.
 *
 * @see Sennrich, Haddow, Birch (2016), "Neural Machine Translation of Rare Words with Subword Units", for the merges
 */
export type Estimate = (text: string) => number;

/** Token (its bytes as latin-1) → rank. Lower ranks are merged earlier. */
export type Ranks = ReadonlyMap<string, number>;

export interface Vocabulary {
  /** The first merges of cl100k_base. */
  readonly ranks: Ranks;
  /** Merges that are not one token in o200k_base → how many tokens they are there. */
  readonly splits: ReadonlyMap<string, number>;
}

/** How the two encodings cut a text before they merge. A cut of one can lie inside a piece of the other. */
const CONTRACTION = "(?:'(?:[sdmtSDMT]|[lL]{2}|[vV][eE]|[rR][eE]))";
const CL100K = new RegExp(
  `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*` +
    '|\\s+$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s',
  'gu',
);
const UPPER = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const LOWER = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';
const O200K = new RegExp(
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+${CONTRACTION}?` +
    `|[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*${CONTRACTION}?` +
    '|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  'gu',
);

/** Merging compares every pair of a piece again and again, so longer pieces are cut. Each cut counts as a token. */
const MAX_PIECE_BYTES = 128;
/** Cache of the counts of lines and words, each: texts share most of them and are counted more than once. */
const MAX_CACHED_CHARACTERS = 4_000_000;
/** Cache of the counts of pieces of words, for scripts that write without spaces. */
const MAX_PIECE_CHARACTERS = 500_000;

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const SLASH = 0x2f;
const isBlank = (code: number): boolean =>
  code <= SPACE || (code > 0x7f && /\s/.test(String.fromCharCode(code)));

/** Tells where a text can be cut in two whose tokens add up to its own. */
type IsCut = (before: number, after: number) => boolean;

/** Both encodings cut after a line end, unless a blank or a slash follows, which could belong to the same piece. */
const isLineStart: IsCut = (before, after) => before === LINE_FEED && after !== SLASH && !isBlank(after);
/** Both cut before a space, unless it follows another blank. */
const isWordStart: IsCut = (before, after) => after === SPACE && !isBlank(before);

function cut(text: string, isCut: IsCut): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 1; i < text.length; i++) {
    if (!isCut(text.charCodeAt(i - 1), text.charCodeAt(i))) continue;
    parts.push(text.slice(start, i));
    start = i;
  }
  parts.push(text.slice(start));
  return parts;
}

export const linesOf = (text: string): string[] => cut(text, isLineStart);
export const wordsOf = (text: string): string[] => cut(text, isWordStart);

interface Tokens {
  readonly cl100k: number;
  readonly o200k: number;
}

function sumOf(parts: readonly string[], count: (part: string) => Tokens): Tokens {
  const sum = { cl100k: 0, o200k: 0 };
  for (const part of parts) {
    const { cl100k, o200k } = count(part);
    sum.cl100k += cl100k;
    sum.o200k += o200k;
  }
  return sum;
}

/** The tokens of a piece (its bytes as latin-1): merged until no two neighbours are a token together. */
function merge(ranks: Ranks, piece: string): readonly string[] {
  if (ranks.has(piece)) return [piece];
  const parts = [...piece];
  for (;;) {
    let first = -1;
    let lowest = Infinity;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(parts[i]! + parts[i + 1]!);
      if (rank === undefined || rank >= lowest) continue;
      first = i;
      lowest = rank;
    }
    if (first < 0) return parts;
    parts.splice(first, 2, parts[first]! + parts[first + 1]!);
  }
}

/** Counts the tokens of a piece with these merges alone. */
export const createCount =
  (ranks: Ranks) =>
  (piece: string): number =>
    merge(ranks, piece).length;

export function createEstimate({ ranks, splits }: Vocabulary): Estimate {
  const countPiece = memoizeText(MAX_PIECE_CHARACTERS, (piece): Tokens => {
    const bytes = Buffer.from(piece).toString('latin1');
    const tokens = { cl100k: 0, o200k: 0 };
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
      const parts = merge(ranks, bytes.slice(at, at + MAX_PIECE_BYTES));
      tokens.cl100k += parts.length + (at > 0 ? 1 : 0);
      for (const part of parts) tokens.o200k += splits.get(part) ?? 1;
    }
    return tokens;
  });
  const piecesOf = (text: string, cuts: RegExp): string[] => text.match(cuts) ?? [];
  const countWord = memoizeText(MAX_CACHED_CHARACTERS, (word) => ({
    cl100k: sumOf(piecesOf(word, CL100K), countPiece).cl100k,
    o200k: sumOf(piecesOf(word, O200K), countPiece).o200k,
  }));
  const countLine = memoizeText(MAX_CACHED_CHARACTERS, (line) => sumOf(wordsOf(line), countWord));
  return (text) => {
    const { cl100k, o200k } = sumOf(linesOf(text), countLine);
    return Math.max(cl100k, o200k);
  };
}
