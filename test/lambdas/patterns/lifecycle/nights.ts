import {
  advance,
  type LifecycleInput,
  needsRetest,
} from '../../../../lambdas/patterns/lifecycle/lifecycle.ts';
import { defaultMiningSettings } from '../../../../lambdas/mining/settings.ts';
import type { Finding, MiningResult } from '../../../../lambdas/mining/types.ts';
import type { Pattern } from '../../../../lambdas/patterns/pattern.ts';

export const day = (n: number) => new Date(Date.UTC(2026, 2, n)).toISOString();

export interface Sketch {
  readonly id?: string;
  readonly promote?: boolean;
  readonly reason?: Finding['reason'];
  readonly explainedBy?: string;
  readonly n?: number;
  readonly rate?: number;
  readonly confidence?: number;
  readonly recentRate?: number;
  readonly pValue?: number;
}

export const finding = (sketch: Sketch = {}): Finding => {
  const { n = 30, rate = 0.9, confidence = 0.74, recentRate = 0.9, pValue = 1e-6 } = sketch;
  return {
    patternId: sketch.id ?? 'PATTERN-a',
    asserts: 'success',
    conditions: [{ path: 'a', op: 'eq', value: 1 }],
    numbers: {
      n,
      successes: Math.round(n * rate),
      rate,
      baseline: 0.5,
      lift: rate / 0.5,
      confidence,
      pValue,
      qValue: null,
      recentRate,
      recentBaseline: 0.5,
      days: 5,
      firstSeen: day(1),
      lastSeen: day(5),
      heuristicConfidence: 0.9,
      metrics: {},
    },
    explain: { comparisons: [], refutedBy: '' },
    description: '',
    verdict: sketch.promote ? 'promote' : 'reject',
    reason: sketch.reason ?? (sketch.promote ? 'significant' : 'not_significant'),
    ...(sketch.explainedBy && { explainedBy: sketch.explainedBy }),
    evidence: [],
  };
};

export const mined = (findings: readonly Finding[]): MiningResult => ({
  resolved: 100,
  successes: 50,
  tested: 10,
  findings,
  rejected: {},
  truncatedPaths: [],
});

/** A run on day `n`; `alone` are the numbers of known patterns that mining does not list. */
export function night(
  n: number,
  previous: readonly Pattern[],
  listed: readonly Sketch[],
  alone: readonly Sketch[] = [],
  input: Partial<Omit<LifecycleInput, 'settings'>> & {
    readonly settings?: Partial<LifecycleInput['settings']>;
  } = {},
) {
  const known = new Set(listed.map(({ id = 'PATTERN-a' }) => id));
  const retest = new Set(
    previous
      .filter((pattern) => needsRetest(pattern) && !known.has(pattern.patternId))
      .map((p) => p.patternId),
  );
  return advance({
    agentId: 'agent',
    decisionType: 'TYPE',
    runId: `RUN-${n}`,
    asOf: day(n),
    previous,
    mined: mined(listed.map(finding)),
    retested: alone.map(finding).filter(({ patternId }) => retest.has(patternId)),
    ...input,
    settings: { ...defaultMiningSettings, ...input.settings },
  });
}

export const statusOf = ({ patterns }: { patterns: readonly Pattern[] }) =>
  patterns.map(({ status, reason, version }) => ({ status, reason, version }));

export const promoted = night(1, [], [{ promote: true }]).patterns;
