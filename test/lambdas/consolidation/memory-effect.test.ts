import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { DAY_MS, HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { seeded } from '../mining/case-generator.ts';
import { createPipeline, type DecisionSketch, logDecisions, memoryOf, plantedRule } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const FIRST = '2026-03-01T02:00:00.000Z';
const night = (n: number): string => new Date(Date.parse(FIRST) + n * DAY_MS).toISOString();
const runtime = createUnrecordedRuntime({ now: FIRST });
const store = new PatternStore(new Table(runtime.documents, tableName('memory')));

beforeAll(() => createTables());

/** The rule that was planted, alone and as it was asserted. */
const upOf = async (agentId: string): Promise<Pattern> =>
  (await store.ofAgent(agentId)).find(
    ({ asserts, conditions: [first, ...others] }) =>
      asserts === 'success' && others.length === 0 && first && 'value' in first && first.value === 'up',
  )!;

/** 0 to `count` − 1 in an order that has no rhythm: what decisions came after is a feature too. */
function shuffled(count: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => ({ i, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ i }) => i);
}

/** Two weeks after the pattern was learned: in an upward trend half of the decisions apply it. */
function followedAdvice(patternId: string, rates: { readonly applied: number; readonly not: number }) {
  const order = { applied: shuffled(80, 1), not: shuffled(80, 2) };
  return Array.from({ length: 160 }, (_, i): DecisionSketch => {
    const applied = i % 2 === 0;
    const how = applied ? 'applied' : 'not';
    return {
      context: { market: { trend: 'up' }, asset: 'BTC' },
      status: order[how][Math.floor(i / 2)]! < rates[how] * 80 ? 'success' : 'failure',
      timestamp: new Date(Date.parse(FIRST) + (i + 1) * 2 * HOUR_MS).toISOString(),
      ...(applied && { patternsApplied: [patternId], patternsShown: [patternId] }),
    };
  });
}

async function live(agentId: string, rates: { readonly applied: number; readonly not: number }) {
  const pipeline = createPipeline({ now: FIRST });
  await logDecisions(runtime, agentId, plantedRule(FIRST));
  await pipeline.run({ agentId });
  const learned = await upOf(agentId);
  await logDecisions(runtime, agentId, followedAdvice(learned.patternId, rates));
  pipeline.setTime(night(14));
  await pipeline.run({ agentId });
  return { pipeline, learned };
}

describe('a pattern that was applied', () => {
  it('and made things worse becomes suspect, then retired, for that reason and with the numbers', async () => {
    const { pipeline, learned } = await live('harmed', { applied: 0.5, not: 0.9 });
    expect(learned).toMatchObject({ status: 'promoted', asserts: 'success' });
    expect(learned).not.toHaveProperty('effect');
    const suspect = await upOf('harmed');
    expect(suspect).toMatchObject({
      status: 'suspect',
      reason: 'made_things_worse',
      effect: {
        applied: { with: { n: 80, successes: 40 }, without: { n: 80, successes: 72 } },
        shown: { with: { n: 80 } },
      },
    });
    expect(suspect.effect!.applied!.pWorse).toBeLessThan(0.001);
    expect(suspect.effect!.applied!.interval![1]).toBeLessThan(-0.2);

    const before = await memoryOf(runtime.documents, 'harmed');
    await pipeline.run({ agentId: 'harmed' });
    expect(await memoryOf(runtime.documents, 'harmed')).toEqual(before);

    pipeline.setTime(night(15));
    await pipeline.run({ agentId: 'harmed' });
    const retired = await upOf('harmed');
    expect(retired).toMatchObject({ status: 'retired', reason: 'made_things_worse' });
    expect(retired.effect).toEqual(suspect.effect);

    // It goes on to look significant; what it did when it was applied is known better.
    pipeline.setTime(night(16));
    await pipeline.run({ agentId: 'harmed' });
    expect(await upOf('harmed')).toEqual(retired);
  });

  it('and helped, or did nothing, stays what it was, and says what it did', async () => {
    await live('helped', { applied: 0.9, not: 0.5 });
    const helped = await upOf('helped');
    expect(helped.status).toBe('promoted');
    expect(helped.effect!.applied!.pBetter).toBeLessThan(0.001);
    await live('indifferent', { applied: 0.8, not: 0.8 });
    const indifferent = await upOf('indifferent');
    expect(indifferent.status).toBe('promoted');
    expect(indifferent.effect!.applied).toMatchObject({ difference: expect.closeTo(0, 1) });
  });

  it('is counted by the conditions it is stored with, also when their cut points move', async () => {
    const agentId = 'moving';
    const pipeline = createPipeline({ now: FIRST });
    const random = seeded(3);
    const at = (i: number, x: number, more: Partial<DecisionSketch> = {}): DecisionSketch => ({
      context: { x },
      status: x >= 75 || random() < 0.5 ? 'success' : 'failure',
      timestamp: new Date(Date.parse(FIRST) - 3 * DAY_MS + i * HOUR_MS * 0.25).toISOString(),
      ...more,
    });
    await logDecisions(
      runtime,
      agentId,
      shuffled(200, 4).map((x, i) => at(i, x / 2)),
    );
    await pipeline.run({ agentId });
    const [learned] = (await store.ofAgent(agentId)).filter(({ status }) => status === 'promoted');
    expect(learned!.conditions).toMatchObject([{ path: 'x', op: 'in_range', bin: 3 }]);
    await logDecisions(
      runtime,
      agentId,
      shuffled(200, 5).map((x, i) =>
        at(i + 300, 20 + x / 2, { patternsApplied: i % 3 === 0 ? [learned!.patternId] : [] }),
      ),
    );
    pipeline.setTime(night(1));
    await pipeline.run({ agentId });
    const [moved] = (await store.ofAgent(agentId)).filter(({ effect }) => effect);
    expect(moved!.conditions).not.toEqual(learned!.conditions);
    const { with: used, without } = moved!.effect!.applied!;
    expect(used.n + without.n).toBeLessThanOrEqual(moved!.n);
    const before = await memoryOf(runtime.documents, agentId);
    await pipeline.run({ agentId });
    expect(await memoryOf(runtime.documents, agentId)).toEqual(before);
  });
});
