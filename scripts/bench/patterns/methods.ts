import { createHash } from 'node:crypto';
import { type Correction, correctByExtension } from '../../../lambdas/mining/judging/correction.ts';
import { createMiner, type Miner } from '../../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { thumbRules } from '../../demo/rule-of-thumb.ts';
import { layered, layeredTestable, overAll, uncorrected } from './corrections.ts';

export interface Claim {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}

/** A way to decide what is promoted, at a first look at a log. */
export interface Method {
  readonly name: string;
  readonly promoted: (cases: readonly ResolvedCase[]) => readonly Claim[];
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const LEVEL = defaultMiningSettings.maxQValue;

export function minerOf(cases: Iterable<ResolvedCase>, correction: Correction = correctByExtension): Miner {
  const miner = createMiner({ agentId: 'bench', decisionType: 'BENCH', hash: sha256, correction });
  for (const resolved of cases) miner.add(resolved);
  return miner;
}

const mined = (name: string, correction?: Correction): Method => ({
  name,
  promoted: (cases) =>
    minerOf(cases, correction)
      .mine()
      .findings.filter(({ verdict }) => verdict === 'promote'),
});

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

export const service: Method = mined('by extension');

/** What the service does first, then what it was chosen from. */
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
