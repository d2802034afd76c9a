import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { rankAsTheyAre } from '../../../lambdas/context/revalidation.ts';
import { ContextAssembly } from '../../../lambdas/context/context-assembly.ts';
import type { Sources } from '../../../lambdas/context/sources.ts';
import { contextDeadlines } from '../../../lambdas/context/deadline-settings.ts';
import { DEFAULT_BUDGETS } from '../../../lambdas/context/budget.ts';
import { groupDecisions, groupOf, type Relevant } from '../../../lambdas/context/entries.ts';
import { NO_TOPIC } from '../../../lambdas/context/past-sessions.ts';
import { rank } from '../../../lambdas/context/ranking.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import type { ResumedSession } from '../../../lambdas/sessions/session-reader.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');

/** With nothing in it but what is said. */
const assemblyOf = (changes: Partial<Sources>) =>
  new ContextAssembly({
    sources: {
      session: () => Promise.reject(new Error('no session')),
      signals: async () => ({ newest: [], areAll: true }),
      insights: async () => [],
      decisions: async () => [],
      decisionsNow: async () => [],
      sessions: async () => NO_TOPIC,
      memories: async (_, wanted) => (await wanted, []),
      sharedNow: async () => [],
      noteShown: async () => undefined,
      ...changes,
    },
    exposures: undefined as never,
    estimate: (text) => text.length,
    deadlines: { partMs: 50, sessionMs: 20_000 },
    clock: () => NOW,
    randomPart: () => new Uint8Array(),
    log: { warn: () => undefined },
  });

describe('deadlines of a context', () => {
  const session = {
    head: { agentId: 'a', sessionId: 's', status: 'active', topic: 'refund' },
    messages: [{ seq: 1, role: 'user', content: 'Hello.', createdAt: NOW.toISOString() }],
    isBehind: false,
  } as unknown as ResumedSession;
  const request = { sessionId: 's', budgets: DEFAULT_BUDGETS, record: false };

  it('do not count the time a part waits for the session', async () => {
    const slow = { session: () => sleep(150, session) };
    expect((await assemblyOf(slow).assemble('a', request)).degraded).toEqual([]);
    const never = () => new Promise<never>(() => undefined);
    const late = { ...slow, sessions: never, memories: never };
    const { degraded } = await assemblyOf(late).assemble('a', { ...request, query: 'refund' });
    expect(degraded).toEqual(['memories', 'sessions']);
  });
});

describe('the variable with the deadlines', () => {
  it.each([
    [{ partMs: 1_500, sessionMs: 5_000 }, true],
    [{ partMs: 2_000, sessionMs: 10_000 }, true],
    [{ partMs: 2_001, sessionMs: 10_000 }, false],
    [{ partMs: 5_400, sessionMs: 1_000 }, true],
    [{ partMs: 5_401, sessionMs: 1_000 }, false],
  ])('%j is within what a request may take: %j', (deadlines, isAllowed) => {
    expect(contextDeadlines.safeParse(JSON.stringify(deadlines)).success).toBe(isAllowed);
  });
});

describe('what depends on the session', () => {
  const session = {
    head: { agentId: 'a', sessionId: 's', status: 'active', topic: 'refund', userId: 'ada' },
    messages: [],
    isBehind: false,
  } as unknown as ResumedSession;

  it('is asked for while the session is read, once an instance knows what it is about', async () => {
    const asked: unknown[] = [];
    const assembly = assemblyOf({
      session: async () => session,
      memories: async (_, wanted, likely) => {
        asked.push({ wanted: await wanted, likely });
        return [];
      },
      sessions: async (_, current, isLikely) => {
        asked.push({ topic: (await current)?.topic, isLikely });
        return NO_TOPIC;
      },
    });
    const request = { sessionId: 's', budgets: DEFAULT_BUDGETS, record: false };
    const wanted = { query: 'fees refund', userId: 'ada' };

    await assembly.assemble('a', { ...request, query: 'fees' });
    expect(asked.splice(0)).toEqual([
      { wanted, likely: undefined },
      { topic: 'refund', isLikely: false },
    ]);

    await assembly.assemble('a', { ...request, query: 'fees' });
    expect(asked.splice(0)).toEqual([
      { wanted, likely: wanted },
      { topic: 'refund', isLikely: true },
    ]);

    // What was said last is not known before the session is read, and another agent's session is another one.
    await assembly.assemble('a', request);
    await assembly.assemble('b', { ...request, query: 'fees' });
    expect(asked).toMatchObject([
      { wanted: { query: 'refund' }, likely: undefined },
      { isLikely: true },
      { wanted, likely: undefined },
      { isLikely: false },
    ]);
  });
});

describe('what is shown as it is now', () => {
  const decision = (n: number, key = `k${n}`): Decision =>
    ({
      agentId: 'a',
      decisionId: `D-${n}`,
      decisionType: 'D',
      timestamp: new Date(NOW.getTime() - n * 60_000).toISOString(),
      context: { key },
      status: 'success',
    }) as unknown as Decision;
  const memory = (id: string): Relevant => ({
    kind: 'memory',
    id,
    agentId: 'other',
    timestamp: NOW.toISOString(),
    endings: { success: 1, failure: 0, unknown: 0 },
    terms: new Set(),
    features: new Set(),
    what: 'memory',
    body: 'as it was',
  });
  const showing = async (
    candidates: readonly Relevant[],
    gone: readonly string[],
    changes: Partial<Parameters<typeof rankAsTheyAre>[2]> = {},
  ) => {
    const rounds: number[] = [];
    const ranked = await rankAsTheyAre('a', candidates, {
      decisionsNow: async (some) => {
        rounds.push(some.length);
        return some.filter(({ decisionId }) => !gone.includes(decisionId));
      },
      sharedNow: async () => [],
      group: (some) => groupOf(some, new Set()),
      best: (some) => rank(some, { terms: new Set(), features: new Set() }, NOW).slice(0, 3),
      ...changes,
    });
    return { ids: ranked.map(({ of }) => of.id), rounds };
  };
  const many = groupDecisions([1, 2, 3, 4, 5, 6, 7, 8].map((n) => decision(n)));

  it('is asked for in one round where nothing changed, and again for what moves up', async () => {
    expect(await showing(many, [])).toEqual({ ids: ['D-1', 'D-2', 'D-3'], rounds: [3] });
    expect(await showing(many, ['D-2', 'D-4'])).toEqual({ ids: ['D-1', 'D-3', 'D-5'], rounds: [3, 1, 1] });
  });

  it('never holds what three rounds did not ask for', async () => {
    expect(await showing(many, ['D-2', 'D-4', 'D-5'])).toEqual({ ids: ['D-1', 'D-3'], rounds: [3, 1, 1] });
  });

  it('asks for the next of a group whose newest is gone', async () => {
    const group = groupDecisions([decision(1, 'same'), decision(2, 'same')]);
    expect(await showing(group, ['D-1'])).toEqual({ ids: ['D-2'], rounds: [1, 1] });
    expect(await showing(group, ['D-1', 'D-2'])).toEqual({ ids: [], rounds: [1, 1] });
  });

  it('is without decisions when they cannot be had, and without what others share no more', async () => {
    const some = [...many.slice(0, 1), memory('M-1'), memory('M-2')];
    const shared = { memoryId: 'M-2', agentId: 'other', text: 'as it was' } as never;
    const sharedNow = async () => [shared];
    expect((await showing(some, [], { sharedNow })).ids).toEqual(['M-2', 'D-1']);
    expect((await showing(some, [], { sharedNow, decisionsNow: async () => undefined })).ids).toEqual([
      'M-2',
    ]);
    expect((await showing(some, [], { sharedNow: async () => undefined })).ids).toEqual(['D-1']);
  });
});
