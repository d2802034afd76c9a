/** `npm run bench:memory`: how often advice is demoted for making things worse, by what it really does. */
import { demotionsIn, NIGHTS } from './advice.ts';
import { table } from './figures.ts';

const points = (effect: number) => `${effect > 0 ? '+' : ''}${Math.round(effect * 100)}`;

const rows = ([0.5, 0.9, 'bad weeks'] as const).flatMap((followed) =>
  (
    [
      [0, 1000],
      [0.25, 200],
      [-0.1, 200],
      [-0.15, 200],
      [-0.25, 200],
    ] as const
  ).map(([effect, runs]) => {
    const nights = demotionsIn(runs, { effect, followed });
    return [
      String(followed),
      points(effect),
      `${nights.length} of ${runs}`,
      String(nights[Math.floor(nights.length / 2)] ?? '–'),
    ];
  }),
);
process.stdout.write(
  `Ever demoted within ${NIGHTS} nights of 20 decisions, asked every night\n` +
    `${table([['followed', 'points', 'demoted', 'median night'], ...rows])}\n`,
);
