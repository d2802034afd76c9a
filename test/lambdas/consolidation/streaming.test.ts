import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { AgentConsolidator } from '../../../lambdas/consolidation/consolidate-agent.ts';
import type { OfferReviews } from '../../../lambdas/patterns/lifecycle/offer-review.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import type { DecisionPage, DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import type { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { PatternTrial } from '../../../lambdas/patterns/pattern-trial.ts';
import type { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { decisionsOf, plantedRule } from './pipeline.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const PAGES = 6;
const clock = () => new Date(NOW);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Pages of decisions with contexts of 20 KB, which remembers them only as long as somebody else does. */
class WatchedWindow {
  readonly #pages: WeakRef<Decision>[][] = [];
  /** For each page asked for, how many decisions of the pages before the last one were still held. */
  readonly stillHeld: number[] = [];

  async *pages(): AsyncGenerator<DecisionPage> {
    for (let page = 0; page < PAGES; page++) {
      // What a job has looked at stays until it ends.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      const before = this.#pages.slice(0, -1).flat();
      this.stillHeld.push(before.filter((decision) => decision.deref() !== undefined).length);
      yield { decisions: this.#fresh(page) };
    }
  }

  #fresh(page: number): Decision[] {
    const decisions = decisionsOf('reader', plantedRule(NOW), NOW).map((decision): Decision => ({
      ...decision,
      decisionId: `${decision.decisionId.slice(0, -2)}${String(page).padStart(2, '0')}`,
      context: { ...decision.context, note: `${page} `.repeat(10_000) },
      reasoning: { selected: ['a'] },
    }));
    this.#pages.push(decisions.map((decision) => new WeakRef(decision)));
    return decisions;
  }
}

function watchedCases() {
  const window = new WatchedWindow();
  const nothing = { async *between() {} } as unknown as SeenSignals;
  return {
    window,
    cases: new WindowCases(window as unknown as DecisionWindow, nothing, defaultMiningSettings),
  };
}

describe('decisions that were read', () => {
  it('are gone when the page after the next is asked for, and the run has learned from all', async () => {
    const { window, cases } = watchedCases();
    const registry = { decisionTypes: async () => ['SIGNAL_GENERATION'] } as unknown as AgentRegistry;
    const saved: unknown[] = [];
    const store = {
      ofAgent: async () => [],
      digests: async () => [],
      saveDigests: async () => undefined,
      save: async (pattern: unknown) => void saved.push(pattern),
    } as unknown as PatternStore;
    const noOffers = {
      begin: async () => ({ size: 0, test: () => undefined, save: async () => undefined }),
    } as unknown as OfferReviews;
    const consumed = () => ({ readUnits: 0, writeUnits: 0 });
    const reviews = noOffers;
    const consolidator = new AgentConsolidator({ registry, cases, store, reviews, clock, consumed });
    const { report } = await consolidator.consolidate(
      { runId: 'R', agentId: 'reader', asOf: NOW },
      undefined,
    );
    expect(report.totals).toMatchObject({ decisions: 60 * PAGES, resolved: 60 * PAGES });
    expect(report.totals.promoted).toBeGreaterThan(0);
    expect(report.pages).toBe(PAGES);
    expect(saved.length).toBeGreaterThan(0);
    expect(window.stillHeld).toEqual(Array.from({ length: PAGES }, () => 0));
  });

  it('are gone as soon where an idea is tested', async () => {
    const { window, cases } = watchedCases();
    const trial = await new PatternTrial(cases, clock).test('reader', {
      decisionType: 'SIGNAL_GENERATION',
      asserts: 'success',
      conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
    });
    expect(trial).toMatchObject({ resolved: 60 * PAGES, finding: { verdict: 'promote' } });
    expect(window.stillHeld).toEqual(Array.from({ length: PAGES }, () => 0));
  });
});
