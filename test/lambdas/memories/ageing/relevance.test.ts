import { describe, expect, it } from '@jest/globals';
import type { Ageable } from '../../../../lambdas/memories/ageing/ageable.ts';
import { relevanceOf } from '../../../../lambdas/memories/ageing/relevance.ts';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { ago, memoryOf, NOW, settings } from './memory-generator.ts';

const relevance = (fields: Partial<Ageable>, count = 0) =>
  relevanceOf(memoryOf({ memoryId: 'm', createdAt: ago(0), ...fields }), { count }, settings, NOW).value;

describe('relevance', () => {
  it.each<[string, Partial<Ageable>, number, number]>([
    ['half the importance of the category', {}, 0, 0.45],
    ['a fifth more for success', { outcome: { status: 'success' } }, 0, 0.54],
    ['nothing less for failure', { outcome: { status: 'failure', gain: -0.4 } }, 0, 0.45],
    ['more by the gain', { outcome: { gain: 0.2 } }, 0, 0.54],
    ['at most half more', { outcome: { gain: 4 } }, 0, 0.675],
    ['a twentieth more for each access', {}, 2, 0.495],
    ['at most three tenths more', {}, 50, 0.585],
    ['a quarter less after 15 days', { createdAt: ago(15 * DAY_MS) }, 0, 0.3375],
    ['half after 30', { createdAt: ago(30 * DAY_MS) }, 0, 0.225],
    ['and no less after 300', { createdAt: ago(300 * DAY_MS) }, 0, 0.225],
    ['as fresh as when it was last seen', { createdAt: ago(30 * DAY_MS), lastSeenAt: ago(0) }, 0, 0.45],
    ['never more than 1', { category: 'strategies', outcome: { status: 'success', gain: 1 } }, 9, 1],
  ])('is %s', (_what, fields, count, expected) => {
    expect(relevance(fields, count)).toBeCloseTo(expected, 12);
  });
});
