import { describe, expect, it } from '@jest/globals';
import type { Memory } from '../../../../lambdas/memories/memory.ts';
import { relevanceOf } from '../../../../lambdas/memories/ageing/relevance.ts';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { ago, memoryOf, NOW } from './memory-generator.ts';

const relevance = (fields: Partial<Memory>) =>
  relevanceOf(memoryOf({ memoryId: 'm', createdAt: ago(0), ...fields }), NOW);

describe('relevance', () => {
  it.each<[string, Partial<Memory>, number]>([
    ['half its importance', {}, 0.45],
    ['a fifth more for success', { outcome: { status: 'success' } }, 0.54],
    ['nothing less for failure', { outcome: { status: 'failure', gain: -0.4 } }, 0.45],
    ['more by the gain', { outcome: { gain: 0.2 } }, 0.54],
    ['at most half more', { outcome: { gain: 4 } }, 0.675],
    ['a twentieth more for each access', { accessCount: 2 }, 0.495],
    ['at most three tenths more', { accessCount: 50 }, 0.585],
    ['a quarter less after 15 days', { createdAt: ago(15 * DAY_MS) }, 0.3375],
    ['half after 30', { createdAt: ago(30 * DAY_MS) }, 0.225],
    ['and no less after 300', { createdAt: ago(300 * DAY_MS) }, 0.225],
    ['as fresh as when it was last seen', { createdAt: ago(30 * DAY_MS), lastSeenAt: ago(0) }, 0.45],
    ['never more than 1', { importance: 1, outcome: { status: 'success', gain: 1 }, accessCount: 9 }, 1],
  ])('is %s', (_what, fields, expected) => {
    expect(relevance(fields)).toBeCloseTo(expected, 12);
  });
});
