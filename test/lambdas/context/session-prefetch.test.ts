import { describe, expect, it } from '@jest/globals';
import { DEFAULT_BUDGETS } from '../../../lambdas/context/budget.ts';
import { wantedMemories } from '../../../lambdas/context/need.ts';
import { NO_TOPIC } from '../../../lambdas/context/past-sessions.ts';
import { SessionPrefetch } from '../../../lambdas/context/session-prefetch.ts';
import type { Sources } from '../../../lambdas/context/sources.ts';
import type { ResumedSession } from '../../../lambdas/sessions/session-reader.ts';

interface Subject {
  readonly topic?: string;
  readonly userId?: string;
}

const request = { sessionId: 's', query: 'cost', budgets: DEFAULT_BUDGETS, record: false };
const wanted: Subject = { topic: 'refund', userId: 'ada' };

/** Finds one memory, and one session, named after what was asked and of whom. */
function createPrefetch() {
  const asked: string[] = [];
  const prefetch = new SessionPrefetch({
    refreshMemories: async () => ({ own: undefined, shared: undefined }),
    memories: async (_: string, { query, userId }: { query: string; userId: string | undefined }) => {
      const name = `${query} of ${userId}`;
      asked.push(name);
      return [{ memory: { memoryId: name } }];
    },
    sessionsOnTopic: async (_: string, { topic, userId }: Subject) => {
      const name = `sessions on ${topic} of ${userId}`;
      asked.push(name);
      return { ...NO_TOPIC, sessionIds: new Set([name]) };
    },
  } as unknown as Sources);
  /** As an instance that read a session with this subject under the same id before. */
  const find = async (subject: Subject) => {
    const session = { head: { sessionId: 's', ...subject }, messages: [] } as unknown as ResumedSession;
    const parts = prefetch.start('a', request, Promise.resolve(session));
    const early = asked.splice(0);
    const memories = await parts.memories(wantedMemories(request, session));
    const { sessionIds } = await parts.sessionsOnTopic(session.head);
    return {
      found: [...memories.map(({ memory }) => memory.memoryId), ...sessionIds],
      early,
      later: asked.splice(0),
    };
  };
  return { find };
}

const found = ['cost refund of ada', 'sessions on refund of ada'];

describe('memories and sessions that were looked for before the session was read', () => {
  it('are found if it says the same', async () => {
    const { find } = createPrefetch();
    expect(await find(wanted)).toEqual({ found, early: [], later: found });
    expect(await find(wanted)).toEqual({ found, early: found, later: [] });
  });

  it.each([
    ['another user', { topic: 'refund', userId: 'bob' }],
    ['nobody known', { topic: 'refund' }],
    ['another question', { topic: 'fees', userId: 'ada' }],
    ['nothing', { userId: 'ada' }],
  ])('are not, if that was for %s', async (_, before) => {
    const { find } = createPrefetch();
    await find(before);
    const { found: now, early, later } = await find(wanted);
    expect(now).toEqual(found);
    expect(early).toHaveLength(2);
    expect(later).toEqual(found);
  });
});
