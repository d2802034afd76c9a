import { type Choice, choice, type Ending } from '../shared/command.ts';
import {
  asText,
  flag,
  optional,
  type Option,
  type Options,
  someOf,
  type Values,
  wholeNumber,
} from '../shared/options.ts';

const quick = flag('sizes that take seconds: shows that it runs, its figures mean nothing');

const bench = <O extends Options>(
  about: string,
  options: O,
  load: () => Promise<{ run(values: Values<O & { readonly quick: Option<boolean> }>): Promise<Ending> }>,
): Choice => choice(about, { ...options, quick }, load);

/** By name. README.md beside this file has what each measures, and its results. */
export const benches: Readonly<Record<string, Choice>> = {
  writes: bench(
    'writes through the handlers, against the same writes with the SDK alone',
    { rounds: wholeNumber('writes of each kind', { least: 1, fallback: 700, quick: 3 }) },
    () => import('./writes.ts'),
  ),
  functions: bench(
    'size of the functions, and how long a cold process takes to load them',
    { runs: wholeNumber('times each is loaded', { least: 1, fallback: 7, quick: 1 }) },
    () => import('./functions.ts'),
  ),
  context: bench(
    'a context, against one raw query of its session, with up to 10,000 memories',
    {
      rounds: wholeNumber('contexts of each kind', { least: 1, fallback: 150, quick: 2 }),
      latency: wholeNumber('milliseconds every request waits, as on a network', { least: 0, fallback: 0 }),
    },
    () => import('./context.ts'),
  ),
  search: bench(
    'how well questions find their memories, ingredient by ingredient, and how fast',
    {
      data: optional('DIR', 'the logs of AI-Trader and tau-bench, for questions to real records', asText),
      seed: wholeNumber('of the generated conversations', { least: 0, fallback: 1 }),
      only: someOf(['quality', 'speed'], 'parts to run'),
    },
    () => import('./search/search.ts'),
  ),
  patterns: bench(
    'promoted patterns in logs whose truth is known',
    {
      logs: wholeNumber('logs a cell has', { least: 1, fallback: 40, quick: 1 }),
      only: someOf(
        ['empty', 'planted', 'bystander', 'course', 'dependent', 'nights', 'corrections'],
        'parts to run',
      ),
      data: optional('DIR', 'hourly BTC prices and the airline log of tau-bench, for `dependent`', asText),
    },
    () => import('./patterns/patterns.ts'),
  ),
  pooled: bench(
    'knowledge of agents together, in logs whose truth is known',
    { seeds: wholeNumber('logs of each kind', { least: 1, fallback: 40, quick: 1 }) },
    () => import('./pooled.ts'),
  ),
  demotion: bench(
    'how often advice is demoted for making things worse, by what it really does',
    {
      runs: wholeNumber('runs of harmless advice, and a fifth as many of other', {
        least: 1,
        fallback: 1000,
        quick: 5,
      }),
    },
    () => import('./demotion.ts'),
  ),
  night: bench(
    'a night with duplicates, dying workers and a lossy queue, audited',
    { agents: wholeNumber('agents there are', { least: 1, most: 9999, fallback: 1000, quick: 5 }) },
    () => import('./night.ts'),
  ),
  performance: bench(
    'results of a million outcomes by provider, weights, and the nearest decisions',
    {
      outcomes: wholeNumber('outcomes in ten years', { least: 1, fallback: 1_000_000, quick: 4000 }),
      decisions: wholeNumber('decisions to find the nearest among', {
        least: 12,
        most: 1000,
        fallback: 1000,
        quick: 50,
      }),
      runs: wholeNumber('times each question is asked', { least: 1, fallback: 40, quick: 2 }),
    },
    () => import('./performance.ts'),
  ),
  import: bench(
    'history that comes in, against BatchWriteItem alone',
    {
      rows: wholeNumber('rows a round', { least: 1, fallback: 4000, quick: 100 }),
      rounds: wholeNumber('rounds', { least: 1, fallback: 5, quick: 1 }),
    },
    () => import('./import.ts'),
  ),
  miner: bench(
    'time and memory for up to a million decisions, beside a plain Apriori',
    {},
    () => import('./miner.ts'),
  ),
  streaming: bench(
    'memory of a run, beside the size of all it reads',
    { decisions: wholeNumber('decisions of 4 KB', { least: 1, fallback: 300_000, quick: 1000 }) },
    () => import('./streaming.ts'),
  ),
};
