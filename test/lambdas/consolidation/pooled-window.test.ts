import { describe, expect, it } from '@jest/globals';
import { readPool } from '../../../lambdas/consolidation/pooled-window.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { SeenIndex, WindowCases, windowAt } from '../../../lambdas/cases/window-cases.ts';
import type { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import type { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { decisionsOf } from './pipeline.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const PAGE = 250;

/** A window over so many decisions of each agent, the newest first; every tenth has no outcome yet. */
function casesOf(counts: Readonly<Record<string, number>>) {
  const read: Record<string, number> = {};
  const window = {
    async *pages({ agentId }: { agentId: string }) {
      const sketches = Array.from({ length: counts[agentId]! }, (_, i) => ({
        context: { agent: agentId },
        ...(i % 10 !== 0 && { status: 'success' as const }),
        timestamp: new Date(Date.parse(NOW) - 2 * HOUR_MS - i * 1000).toISOString(),
      }));
      const decisions = decisionsOf(agentId, sketches, NOW);
      for (let start = 0; start < decisions.length; start += PAGE) {
        read[agentId] = (read[agentId] ?? 0) + 1;
        yield { decisions: decisions.slice(start, start + PAGE) };
      }
    },
  };
  const cases = new WindowCases(
    window as unknown as DecisionWindow,
    undefined as unknown as SeenSignals,
    defaultMiningSettings,
  );
  const members = Object.keys(counts).map((agentId) => ({ agentId, seen: new SeenIndex() }));
  const pool = async (most?: number) => {
    const found = await readPool(
      cases,
      'type:t',
      members,
      'SIGNAL_GENERATION',
      windowAt(NOW),
      undefined,
      most,
    );
    const condition = { path: 'agent', op: 'eq' as const };
    return {
      ...found,
      read,
      taken: Object.fromEntries(
        members.map(({ agentId }, i) => {
          const stated = { asserts: 'success' as const, conditions: [{ ...condition, value: agentId }] };
          const [pooled] = found.miner.test([stated]);
          const [own] = found.agents[i]!.miner.test([stated]);
          expect(own!.numbers.n).toBe(pooled!.numbers.n);
          return [agentId, pooled!.numbers.n];
        }),
      ),
    };
  };
  return { pool };
}

describe('a pool', () => {
  it('takes everything from agents that have about as much as each other', async () => {
    const { taken, truncated, decisions } = await casesOf({ a: 1000, b: 800, c: 1200 }).pool();
    expect(taken).toEqual({ a: 900, b: 720, c: 1080 });
    expect({ truncated, decisions }).toEqual({ truncated: false, decisions: 3000 });
  });

  it('takes from nobody more than from all others together, but for a few, and does not read on in vain', async () => {
    const { taken, truncated, read } = await casesOf({ loud: 50_000, a: 200, b: 300 }).pool();
    expect(taken).toEqual({ loud: 180 + 270 + 100, a: 180, b: 270 });
    expect(truncated).toBe(true);
    expect(read['loud']).toBeLessThanOrEqual(3);
  });

  it('takes an equal share from each when there is more than a run takes', async () => {
    const { taken, truncated } = await casesOf({ a: 3000, b: 3000, c: 150 }).pool(900);
    expect(taken).toEqual({ a: 300, b: 300, c: 135 });
    expect(truncated).toBe(true);
  });

  it('of nobody is empty', async () => {
    const { decisions, truncated, miner } = await casesOf({}).pool();
    expect({ decisions, truncated, resolved: miner.mine().resolved }).toEqual({
      decisions: 0,
      truncated: false,
      resolved: 0,
    });
  });
});
