/** How often advice is demoted for making things worse, by what it really does. */
import { demotionsIn, NIGHTS } from '../../test/support/advice.ts';
import { table } from '../shared/figures.ts';

const FOLLOWED = [0.5, 0.9, 'bad weeks'] as const;
/** Points that following the advice adds to the success rate. */
const EFFECTS = [0, 0.25, -0.1, -0.15, -0.25];
/** Harmless advice is hardly ever demoted: it takes so many times the runs to see how often. */
const HARMLESS_SHARE = 5;

const points = (effect: number) => `${effect > 0 ? '+' : ''}${Math.round(effect * 100)}`;

/** @param runs of harmless advice; a fifth as many of every other */
export async function run({ runs }: { readonly runs: number }): Promise<void> {
  const rows = FOLLOWED.flatMap((followed) =>
    EFFECTS.map((effect) => {
      const count = effect === 0 ? runs : Math.ceil(runs / HARMLESS_SHARE);
      const nights = demotionsIn(count, { effect, followed });
      return [
        String(followed),
        points(effect),
        `${nights.length} of ${count}`,
        String(nights[Math.floor(nights.length / 2)] ?? '–'),
      ];
    }),
  );
  process.stdout.write(
    `Ever demoted within ${NIGHTS} nights of 20 decisions, asked every night\n` +
      `${table([['followed', 'points', 'demoted', 'median night'], ...rows])}\n`,
  );
}
