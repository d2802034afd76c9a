import { type Choice, choice } from '../shared/command.ts';
import { asText, optional, readUrl, readWholeNumber, wholeNumber, withDefault } from '../shared/options.ts';
import { readOptions } from './trading-desk/options.ts';

const url = optional('URL', 'a running service to leave everything in; without it one of its own', readUrl);

/** By name. */
export const examples: Readonly<Record<string, Choice>> = {
  'trading-desk': {
    about: 'three agents live through hourly prices; what they learned is checked on days they have not seen',
    run: async (_, args) => {
      const options = readOptions(args, process.env['PORT']);
      return (await import('./trading-desk/trading-desk.ts')).run(options);
    },
  },
  session: choice(
    'a session of 60 messages, and what is left of it after 5, 20 and 60',
    { url: withDefault('URL', 'a running service (npm start)', 'http://127.0.0.1:3000', readUrl) },
    () => import('./session/session.ts'),
  ),
  context: choice(
    'the context of a session as it grows, and of an agent whose customer comes back',
    { url, file: optional('FILE', 'the airline log of tau-bench, tau-airline-decisions.jsonl', asText) },
    () => import('./context/context.ts'),
  ),
  ageing: choice(
    'memories of two desks, asked for every morning and aged every night until the archive has them',
    {
      data: optional(
        'DIR',
        'the logs of AI-Trader and tau-bench; without it small ones are invented',
        asText,
      ),
      nights: wholeNumber('nights that pass', { least: 1, fallback: 40 }),
    },
    () => import('./ageing/ageing.ts'),
  ),
  quarters: choice(
    'an agent trades four quarters of daily prices on what it knew when each began',
    {
      url,
      csv: optional(
        'FILE',
        'daily bars with timestamp_utc and close; without it a market is invented',
        asText,
      ),
      year: optional('YEAR', 'the year to trade', (given) =>
        readWholeNumber(given, { least: 1970, most: 2100 }),
      ),
      seed: wholeNumber('of the invented market', { least: 0, fallback: 1 }),
      every: wholeNumber('days from one decision to the next', { least: 1, most: 30, fallback: 1 }),
    },
    () => import('./quarters/quarters.ts'),
  ),
};
