import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { touchedAt } from '../../../../lambdas/memories/ageing/age.ts';
import type { Memory } from '../../../../lambdas/memories/memory.ts';
import { type AgeingPlan, planAgeing } from '../../../../lambdas/memories/ageing/plan.ts';
import { isKept } from '../../../../lambdas/memories/ageing/pruning.ts';
import type { AgeingSettings } from '../../../../lambdas/memories/ageing/settings.ts';
import { tierOfAge } from '../../../../lambdas/memories/ageing/tiers.ts';
import { memoryForms, memoryTiers } from '../../../../lambdas/memories/memory-stages.ts';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { ago, memories, memoryOf, NOW, settings, tightSettings } from './memory-generator.ts';

/** What is stored after the steps were taken. */
function apply(before: readonly Memory[], { steps }: AgeingPlan): Memory[] {
  const stored = new Map(before.map((memory) => [memory.memoryId, memory]));
  for (const { prunings, change } of steps) {
    for (const { memory } of prunings) {
      expect(stored.get(memory.memoryId)).toEqual(memory);
      stored.delete(memory.memoryId);
    }
    if (change) {
      expect(stored.get(change.before.memoryId)).toEqual(change.before);
      stored.set(change.after.memoryId, change.after);
    }
  }
  return [...stored.values()];
}

/** Every seventh is shared with others. */
const isShared = ({ memoryId }: Memory): boolean => Number(memoryId.split('-')[1]) % 7 === 0;

const law = (check: (before: Memory[], plan: AgeingPlan, settings: AgeingSettings) => void): void =>
  fc.assert(
    fc.property(memories, tightSettings, fc.integer({ min: 1, max: 3 }), (before, tight, merged) => {
      const shared = new Set(before.filter(isShared).map(({ memoryId }) => memoryId));
      const input = { settings: tight, now: NOW, shared, mergedPerStep: merged };
      const plan = planAgeing({ memories: before, ...input });
      check(before, plan, tight);
      const again = planAgeing({ memories: apply(before, plan), ...input });
      expect(again.steps).toEqual([]);
      expect(again.remaining).toEqual(plan.remaining);
      expect(planAgeing({ memories: before.toReversed(), ...input })).toEqual(plan);
    }),
    { numRuns: 60 },
  );

const pruned = ({ steps }: AgeingPlan) => steps.flatMap(({ prunings }) => prunings);

describe('a plan', () => {
  it('leaves nothing to plan once its steps are taken, and does not depend on the order of the memories', () => {
    law((before, plan) => {
      expect(new Set(apply(before, plan))).toEqual(new Set(plan.remaining));
    });
  });

  it('never prunes or shortens what is pinned, a preference, or to be kept for ever', () => {
    law((before, plan, tight) => {
      for (const { memory } of pruned(plan)) expect(isKept(memory, tight)).toBe(false);
      const remaining = new Map(plan.remaining.map((memory) => [memory.memoryId, memory]));
      for (const memory of before.filter((each) => isKept(each, tight))) {
        const { content, text, form } = remaining.get(memory.memoryId)!;
        expect({ content, text, form }).toEqual({
          content: memory.content,
          text: memory.text,
          form: memory.form,
        });
      }
    });
  });

  it('holds the caps, moves nothing up, and keeps in each tier what is worth more than what it moved on', () => {
    law((before, { remaining, relevance }, { tiers, ...rest }) => {
      const sharedIds = new Set(before.filter(isShared).map(({ memoryId }) => memoryId));
      const was = new Map(before.map(({ memoryId, tier }) => [memoryId, memoryTiers.indexOf(tier)]));
      const worth = (memory: Memory) => Number(isKept(memory, rest)) + relevance.get(memory.memoryId)!;
      for (const tier of ['hot', 'warm', 'cold'] as const) {
        const held = remaining.filter((memory) => memory.tier === tier);
        expect(held.length).toBeLessThanOrEqual(tiers[tier].cap);
        const place = memoryTiers.indexOf(tier);
        const movedOn = remaining.filter((memory) => {
          const byAge = memoryTiers.indexOf(tierOfAge(NOW.getTime() - touchedAt(memory), { tiers }));
          return (
            Math.max(byAge, was.get(memory.memoryId)!) <= place && memoryTiers.indexOf(memory.tier) > place
          );
        });
        for (const memory of movedOn)
          for (const other of held.filter(({ memoryId }) => !sharedIds.has(memoryId)))
            expect(worth(memory)).toBeLessThanOrEqual(worth(other));
      }
      for (const { memoryId, tier } of remaining)
        expect(memoryTiers.indexOf(tier)).toBeGreaterThanOrEqual(was.get(memoryId)!);
    });
  });

  it('forgets no near-duplicate: who stays names it, was seen as often as both, and says the same kind of thing', () => {
    law((before, plan) => {
      const remaining = new Map(plan.remaining.map((memory) => [memory.memoryId, memory]));
      for (const { memory, reason, keptBy } of pruned(plan)) {
        expect(reason === 'redundant').toBe(keptBy !== undefined);
        if (keptBy === undefined) continue;
        const kept = remaining.get(keptBy)!;
        expect(kept.merged).toContain(memory.memoryId);
        expect([kept.memoryType, kept.category, kept.outcome?.status]).toEqual([
          memory.memoryType,
          memory.category,
          memory.outcome?.status,
        ]);
      }
      const goneAlone = pruned(plan).filter(({ keptBy }) => keptBy === undefined);
      const seen = (list: Iterable<Memory>) => [...list].reduce((sum, { timesSeen }) => sum + timesSeen, 0);
      expect(seen(plan.remaining) + seen(goneAlone.map(({ memory }) => memory))).toBe(seen(before));
    });
  });

  it('gives what it moves the form of its tier, and never a longer one', () => {
    law((before, { remaining }, tight) => {
      const was = new Map(before.map((memory) => [memory.memoryId, memoryForms.indexOf(memory.form)]));
      for (const memory of remaining) {
        const form = memoryForms.indexOf(memory.form);
        expect(form).toBeGreaterThanOrEqual(was.get(memory.memoryId)!);
        if (!isKept(memory, tight)) expect(form).toBeGreaterThanOrEqual(memoryTiers.indexOf(memory.tier));
      }
    });
  });
});

const reasonsOf = (list: readonly Memory[]) =>
  Object.fromEntries(
    pruned(planAgeing({ memories: list, settings, now: NOW })).map(({ memory, reason }) => [
      memory.memoryId,
      reason,
    ]),
  );

describe('what is pruned', () => {
  // A trade without outcome falls below 0.3 after 20 days: 0.5 × 0.9 × (1 − 0.5 × 20/30).
  const trade = (memoryId: string, days: number, fields: Partial<Memory> = {}) =>
    memoryOf({ memoryId, createdAt: ago(days * DAY_MS), ...fields });

  it('is what is irrelevant and unused, and what is past the retention of its category', () => {
    expect(reasonsOf([trade('young', 19.9), trade('old', 20.1), trade('expired', 30)])).toEqual({
      old: 'irrelevant',
      expired: 'expired',
    });
  });

  it('is not what succeeded with a gain, was asked for twice, or was asked for this week', () => {
    const list = [
      trade('twice', 25, { accessCount: 2, lastAccessedAt: ago(20 * DAY_MS) }),
      trade('lately', 25, { accessCount: 1, lastAccessedAt: ago(6.9 * DAY_MS) }),
      trade('won', 25, { outcome: { status: 'success', gain: 0.3 } }),
      trade('neither', 25, { accessCount: 1, lastAccessedAt: ago(7 * DAY_MS) }),
    ];
    expect(reasonsOf(list)).toEqual({ neither: 'irrelevant' });
  });

  it('is nothing of a category that is no longer configured', () => {
    expect(reasonsOf([trade('orphan', 400, { category: 'no_longer_there' })])).toEqual({});
  });
});

describe('a tier that is full', () => {
  it('passes its least relevant on, one tier at a time', () => {
    const tight = {
      ...settings,
      tiers: {
        hot: { ...settings.tiers.hot, cap: 1 },
        warm: { ...settings.tiers.warm, cap: 1 },
        cold: { ...settings.tiers.cold, cap: 1 },
      },
    };
    const gains = [0.1, 0.4, 0.2, 0.3];
    const list = gains.map((gain, i) => memoryOf({ memoryId: `m${i}`, outcome: { gain }, text: 'abcd'[i]! }));
    const { remaining } = planAgeing({ memories: list, settings: tight, now: NOW });
    expect(remaining.map(({ memoryId, tier, form }) => [memoryId, tier, form])).toEqual([
      ['m1', 'hot', 'full'],
      ['m3', 'warm', 'essential'],
      ['m2', 'cold', 'summary'],
      ['m0', 'archive', 'pattern'],
    ]);
  });
});
