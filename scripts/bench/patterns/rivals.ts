import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { Miner } from '../../../lambdas/mining/mine.ts';
import { type Method, mined, minerOf, service } from '../../../test/support/patterns/methods.ts';
import { thumbRules } from '../../examples/trading-desk/rule-of-thumb.ts';
import { layered, layeredTestable, overAll, uncorrected } from './corrections.ts';

const LEVEL = defaultMiningSettings.maxQValue;

/** Patterns the first half may put forward: the fewer, the less the second half has to correct for. */
const MAX_PUT_FORWARD = 100;

/** Searched in every other decision, tested in the rest. @see Webb (2007), Machine Learning 68:1–33 */
const splitting: Method = {
  name: 'sample splitting',
  promoted(cases) {
    const half = (remainder: number): Miner =>
      minerOf(
        cases.filter((_, index) => index % 2 === remainder),
        uncorrected,
      );
    const putForward = half(0)
      .mine()
      .findings.filter(({ verdict }) => verdict === 'promote')
      .slice(0, MAX_PUT_FORWARD);
    return half(1)
      .test(putForward)
      .filter(({ numbers }) => numbers.pValue <= LEVEL / putForward.length);
  },
};

/** The service's own method first, then the methods it was chosen from. */
export const corrections: readonly Method[] = [
  service,
  mined('over all (BH)', overAll),
  mined('layered by size', layered),
  mined('layered, testable', layeredTestable(LEVEL)),
  splitting,
];

export const ruleOfThumb: Method = {
  name: 'rule of thumb',
  promoted: (cases) =>
    thumbRules(
      'BENCH',
      cases.map((resolved) => ({ ...resolved, decisionType: 'BENCH' })),
    ),
};
