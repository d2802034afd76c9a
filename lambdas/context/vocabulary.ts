import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { Vocabulary } from './token-estimate.ts';

/** It lies beside this file in the repository, and beside `index.mjs` in a function's bundle. */
const FILE = new URL('./vocabulary.br', import.meta.url);

let vocabulary: Vocabulary | undefined;

/** Read once per process, in some 15 ms. */
export function readVocabulary(): Vocabulary {
  if (vocabulary) return vocabulary;
  const bytes = brotliDecompressSync(readFileSync(FILE));
  const ranks = new Map<string, number>();
  const splits = new Map<string, number>();
  for (let at = 0; at < bytes.length;) {
    const [length, o200k] = [bytes[at]!, bytes[at + 1]!];
    const token = bytes.toString('latin1', at + 2, at + 2 + length);
    ranks.set(token, ranks.size);
    if (o200k > 1) splits.set(token, o200k);
    at += 2 + length;
  }
  return (vocabulary = { ranks, splits });
}
