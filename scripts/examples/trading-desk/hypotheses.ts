import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import type { ServiceClient } from './client.ts';
import { conditionText } from './condition-text.ts';

/** What somebody thinks of the market on the first day, before any decision. */
export interface Hypothesis {
  readonly patternId: string;
  readonly decisionType: 'SOURCE_SELECTION';
  readonly asserts: 'success';
  readonly conditions: readonly { readonly path: string; readonly op: 'eq'; readonly value: string }[];
  readonly note: string;
  /** In the invented market; of real prices nobody knows. */
  readonly isTrue: boolean;
}

/**
 * Of the decisions that show the market's rule most plainly: for SIGNAL_GENERATION, a tenth of whose calls go against
 * the agent's own preference, 90 days of eight decisions often settle neither.
 */
export const HYPOTHESES: readonly Hypothesis[] = [
  {
    patternId: 'calm-uptrend-goes-on',
    decisionType: 'SOURCE_SELECTION',
    asserts: 'success',
    conditions: [
      { path: 'market.trend', op: 'eq', value: 'up' },
      { path: 'market.volatility', op: 'eq', value: 'low' },
    ],
    note: 'A calm upward day is followed by more of it.',
    isTrue: true,
  },
  {
    patternId: 'heavy-volume-confirms',
    decisionType: 'SOURCE_SELECTION',
    asserts: 'success',
    conditions: [{ path: 'market.volume', op: 'eq', value: 'heavy' }],
    note: 'Volume confirms the direction.',
    isTrue: false,
  },
];

export interface StatedResult {
  readonly hypothesis: Hypothesis;
  readonly pattern: Pattern;
}

export async function stateAll(
  service: Pick<ServiceClient, 'statePattern'>,
  agentId: string,
  statedAt: string,
): Promise<void> {
  for (const { patternId, isTrue: _, ...statement } of HYPOTHESES)
    await service.statePattern(agentId, patternId, { ...statement, statedAt });
}

export const readAll = (service: Pick<ServiceClient, 'pattern'>, agentId: string): Promise<StatedResult[]> =>
  Promise.all(
    HYPOTHESES.map(async (hypothesis) => ({
      hypothesis,
      pattern: await service.pattern(agentId, hypothesis.patternId),
    })),
  );

const share = (value: number) => value.toFixed(3);
const evidence = (value: number) => (value >= 1000 ? value.toExponential(0) : value.toFixed(1));

/** @param known whether the truth of the market is known */
export function statedPart(results: readonly StatedResult[], known: boolean): string[] {
  return results.flatMap(({ hypothesis, pattern }) => {
    const { status, reason, statusSince, registered } = pattern;
    const claim = `${hypothesis.patternId}: ${pattern.conditions.map(conditionText).join(' and ')} → ${pattern.asserts}`;
    const truth = known ? `, which is ${hypothesis.isTrue ? 'true' : 'false'}` : '';
    const settled =
      status === 'hypothesis' ? 'still open' : `${status} (${reason}), ${statusSince.slice(0, 10)}`;
    return [
      `  ${claim}${truth}`,
      `    ${settled}`,
      ...(registered
        ? [
            `    since it was stated: ${registered.n} decisions, rate ${share(registered.rate)}, others ${share(registered.othersRate)}; ` +
              `evidence for it ${evidence(registered.evidence)}, against it ${evidence(registered.evidenceAgainst)}, ${registered.needed} settles it`,
          ]
        : []),
    ];
  });
}
