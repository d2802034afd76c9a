import { createHash } from 'node:crypto';
import { type Correction, correctByExtension } from '../../../lambdas/mining/judging/correction.ts';
import { createMiner } from '../../../lambdas/mining/mine.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { Miner } from '../../../lambdas/mining/mine.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';

export interface Claim {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}

/** A way to decide what is promoted, at a first look at a log. */
export interface Method {
  readonly name: string;
  readonly promoted: (cases: readonly ResolvedCase[]) => readonly Claim[];
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function minerOf(cases: Iterable<ResolvedCase>, correction: Correction = correctByExtension): Miner {
  const miner = createMiner({ agentId: 'bench', decisionType: 'BENCH', hash: sha256, correction });
  for (const resolved of cases) miner.add(resolved);
  return miner;
}

/** Promotes what the miner promotes under a correction. @param correction default: the service's own */
export const mined = (name: string, correction?: Correction): Method => ({
  name,
  promoted: (cases) =>
    minerOf(cases, correction)
      .mine()
      .findings.filter(({ verdict }) => verdict === 'promote'),
});

export const service: Method = mined('by extension');
