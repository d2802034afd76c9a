/**
 * `npm run vocabulary`: writes `lambdas/context/vocabulary.br`, the first merges of cl100k_base in their order
 * (OpenAI's tiktoken, MIT) and how many tokens of o200k_base each is. Both come from the tokenizer the tests compare
 * with. It is to run again only when the number of merges changes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { runCommand } from '../shared/command.ts';
import { flag, readArguments } from '../shared/options.ts';

/** 32,768 are 120 KB. Half as many estimate prose 5 points higher, all 100,000 take 330 KB. */
const MERGES = 32_768;

const file = new URL('../../lambdas/context/vocabulary.br', import.meta.url);

type Tokens = readonly (string | readonly number[])[];

const bytesOf = (token: string | readonly number[]): Buffer => Buffer.from(token as string);

async function makeVocabulary(): Promise<Buffer> {
  const [{ default: cl100k }, { default: o200k }, { createCount }] = await Promise.all([
    import('gpt-tokenizer/bpeRanks/cl100k_base') as Promise<{ readonly default: Tokens }>,
    import('gpt-tokenizer/bpeRanks/o200k_base') as Promise<{ readonly default: Tokens }>,
    import('../../lambdas/context/token-estimate.ts'),
  ]);
  const count = createCount(new Map(o200k.map((token, rank) => [bytesOf(token).toString('latin1'), rank])));
  const rows = cl100k.slice(0, MERGES).flatMap((token) => {
    const bytes = bytesOf(token);
    // Lengths first: tokens may hold any byte.
    return [Buffer.of(bytes.byteLength, count(bytes.toString('latin1'))), bytes];
  });
  return Buffer.concat(rows);
}

runCommand(async (args) => {
  const { check } = readArguments(
    {
      command: 'npm run vocabulary',
      about: 'Writes the tokens the context estimates with, lambdas/context/vocabulary.br.',
      options: { check: flag('write nothing, and fail when the file is not current') },
    },
    args,
  );
  const vocabulary = await makeVocabulary();
  if (!check) writeFileSync(file, brotliCompressSync(vocabulary));
  else if (!brotliDecompressSync(readFileSync(file)).equals(vocabulary)) {
    process.stderr.write('lambdas/context/vocabulary.br is not current: run `npm run vocabulary`\n');
    return false;
  }
  process.stdout.write(`${MERGES} tokens, ${vocabulary.byteLength} bytes ${check ? 'checked' : 'written'}\n`);
  return true;
});
