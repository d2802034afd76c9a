/**
 * `npx tsx scripts/tokens/vocabulary.ts`: writes `lambdas/context/vocabulary.br`, the first merges of cl100k_base in
 * their order (OpenAI's tiktoken, MIT) and how many tokens of o200k_base each is, from the tokenizer the tests compare
 * with. To be run again only when the number of merges is to change.
 */
import { writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import cl100k from 'gpt-tokenizer/bpeRanks/cl100k_base';
import o200k from 'gpt-tokenizer/bpeRanks/o200k_base';
import { createCount, type Ranks } from '../../lambdas/context/token-estimate.ts';

/** 32,768 are 120 KB. Half as many estimate prose 5 points higher, all 100,000 take 330 KB. */
const MERGES = 32_768;

const bytesOf = (token: string | readonly number[]): Buffer => Buffer.from(token as string);

const ranksOf = (tokens: readonly (string | readonly number[])[]): Ranks =>
  new Map(tokens.map((token, rank) => [bytesOf(token).toString('latin1'), rank]));

const count = createCount(ranksOf(o200k));
const rows = cl100k.slice(0, MERGES).flatMap((token) => {
  const bytes = bytesOf(token);
  // Lengths first: tokens may hold any byte.
  return [Buffer.of(bytes.byteLength, count(bytes.toString('latin1'))), bytes];
});
const file = new URL('../../lambdas/context/vocabulary.br', import.meta.url);
writeFileSync(file, brotliCompressSync(Buffer.concat(rows)));
