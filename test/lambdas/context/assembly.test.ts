import { describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { rankRevalidated } from '../../../lambdas/context/revalidation.ts';
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
      signals: async () => ({ newest: [], isComplete: true }),
      insights: async () => [],
      decisions: async () => [],
      rereadDecisions: async () => [],
      sessionsOnTopic: async () => NO_TOPIC,
      refreshMemories: async () => ({ own: undefined, shared: undefined }),
      memories: async () => [],
      rereadSharedMemories: async () => [],
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
    const late = { ...slow, sessionsOnTopic: never, memories: never };
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
    let isRead = false;
    const assembly = assemblyOf({
      session: async () => {
        await nextTurn();
        isRead = true;
        return session;
      },
      memories: async (_, wanted) => {
        asked.push({ wanted, isRead });
        return [];
      },
      sessionsOnTopic: async (_, { topic }) => {
        asked.push({ topic, isRead });
        return NO_TOPIC;
      },
    });
    const assemble = (agentId: string, query?: string) => {
      isRead = false;
      return assembly.assemble(agentId, {
        sessionId: 's',
        budgets: DEFAULT_BUDGETS,
        record: false,
        ...(query !== undefined && { query }),
      });
    };
    const wanted = { query: 'fees refund', userId: 'ada' };

    await assemble('a', 'fees');
    expect(asked.splice(0)).toEqual([
      { wanted, isRead: true },
      { topic: 'refund', isRead: true },
    ]);

    await assemble('a', 'fees');
    expect(asked.splice(0)).toEqual([
      { wanted, isRead: false },
      { topic: 'refund', isRead: false },
    ]);

    // What was said last is not known before the session is read, and another agent's session is another one.
    await assemble('a');
    await assemble('b', 'fees');
    expect(asked).toEqual([
      { topic: 'refund', isRead: false },
      { wanted: { query: 'refund', userId: 'ada' }, isRead: true },
      { wanted, isRead: true },
      { topic: 'refund', isRead: true },
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
    changes: Partial<Parameters<typeof rankRevalidated>[2]> = {},
  ) => {
    const rounds: number[] = [];
    const ranked = await rankRevalidated('a', candidates, {
      rereadDecisions: async (some) => {
        rounds.push(some.length);
        return some.filter(({ decisionId }) => !gone.includes(decisionId));
      },
      rereadSharedMemories: async () => [],
      group: (some) => groupOf(some, new Set()),
      rankBest: (some) => rank(some, { terms: new Set(), features: new Set() }, NOW).slice(0, 3),
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
    const rereadSharedMemories = async () => [shared];
    expect((await showing(some, [], { rereadSharedMemories })).ids).toEqual(['M-2', 'D-1']);
    expect(
      (await showing(some, [], { rereadSharedMemories, rereadDecisions: async () => undefined })).ids,
    ).toEqual(['M-2']);
    expect((await showing(some, [], { rereadSharedMemories: async () => undefined })).ids).toEqual(['D-1']);
  });
});
