/**
 * `npm run cost`: replays a month's mix in miniature on the local service, with every request to the tables metered,
 * and multiplies what was consumed by public prices.
 */
import { choice, messageOf, runCommand } from '../shared/command.ts';
import { flag, wholeNumber } from '../shared/options.ts';

const cost = choice(
  "Replays a month's requests in miniature, meters them, and multiplies by public prices.",
  {
    scale: wholeNumber('replays one in N requests', { least: 1, most: 200, fallback: 100 }),
    quick: flag('one request of each kind: shows that it runs, its figures mean nothing'),
  },
  () => import('./cost.ts'),
);

runCommand((args) => cost.run('npm run cost', args), messageOf);
