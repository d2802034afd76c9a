import { describe, expect, it } from '@jest/globals';
import { PastSessions } from '../../../lambdas/context/past-sessions.ts';
import type { SessionList, SessionSummary } from '../../../lambdas/sessions/session-list.ts';
import type { SessionReader } from '../../../lambdas/sessions/session-reader.ts';
import { HOUR_MS, MINUTE_MS } from '../../../lambdas/shared/platform/clock.ts';

const NOW = Date.parse('2026-03-20T12:00:00.000Z');

/** Sessions of one agent, the newest first, `every` milliseconds apart; each lasted an hour. */
const sessionsOf = (
  count: number,
  every: number,
  userOf: (i: number) => string | undefined = () => undefined,
) =>
  Array.from({ length: count }, (_, i): SessionSummary => {
    const opened = NOW - (i + 2) * every;
    const userId = userOf(i);
    return {
      agentId: 'a',
      sessionId: `s${i}`,
      status: 'ended',
      topic: 'refund',
      createdAt: new Date(opened).toISOString(),
      end: { endedAt: new Date(opened + HOUR_MS).toISOString() } as SessionSummary['end'] & object,
      ...(userId !== undefined && { userId }),
    };
  });

/** What it finds, and which lists it reads; what is gone is not on them. */
function createPast(sessions: SessionSummary[], isGone = () => false) {
  const asked: string[] = [];
  let now = NOW;
  const list = {
    list: async (_: string, { userId, maxResults, nextToken = '0' }: Parameters<SessionList['list']>[1]) => {
      asked.push(`${userId ?? 'agent'} ${nextToken}`);
      const start = Number(nextToken);
      const all = sessions.filter((one) => userId === undefined || one.userId === userId);
      const next = start + maxResults!;
      return {
        items: all.slice(start, next).filter(() => !isGone()),
        nextToken: next < all.length ? String(next) : null,
      };
    },
  } as unknown as SessionList;
  const reader = {
    opening: async (_: string, sessionId: string) => ({ summary: { content: { facts: [sessionId] } } }),
  } as unknown as SessionReader;
  const past = new PastSessions(list, reader, () => new Date(now));
  const current = (userId?: string) => ({ sessionId: 'current', topic: 'refund', userId });
  return {
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    find: async (userId?: string) => {
      const head = Promise.resolve(undefined);
      const { summaries, sessionIds, isComplete } = await past.onTopic('a', current(userId), head);
      return {
        asked: asked.splice(0),
        shown: summaries.map(({ sessionId }) => sessionId),
        known: sessionIds.size - 1,
        isComplete,
      };
    },
  };
}

const pages = ['agent 0', 'agent 100', 'agent 200', 'agent 300', 'agent 400'];

describe('sessions on a topic', () => {
  it('are all looked at while five hundred reach back seven days', async () => {
    const { find } = createPast(sessionsOf(600, HOUR_MS));
    const { asked, shown, isComplete } = await find('ada');
    expect(asked).toEqual(pages);
    expect(shown).toEqual(['s0', 's1', 's2', 's3', 's4']);
    expect(isComplete).toBe(true);
  });

  it('of an agent with more are not all looked at, which is said; but those with the user are', async () => {
    const isLate = (i: number) => i > 550 && i < 560;
    const { find } = createPast(sessionsOf(800, 5 * MINUTE_MS, (i) => (isLate(i) ? 'ada' : 'bob')));
    expect(await find()).toMatchObject({ asked: pages, known: 500, isComplete: false });
    expect(await find('ada')).toEqual({
      asked: ['ada 0'],
      shown: ['s551', 's552', 's553', 's554', 's555'],
      known: 509,
      isComplete: true,
    });
    // With bob there were more than a page of.
    expect(await find('bob')).toMatchObject({ asked: ['bob 0'], isComplete: false });
  });

  it('may all be gone from the pages that were read', async () => {
    const { find } = createPast(sessionsOf(600, HOUR_MS), () => true);
    expect(await find()).toMatchObject({ asked: pages, known: 0, isComplete: false });
  });

  it('opened meanwhile are read down to those known before, however many they are', async () => {
    const sessions = sessionsOf(120, HOUR_MS);
    const { find, advance } = createPast(sessions);
    expect(await find()).toMatchObject({ asked: ['agent 0', 'agent 100'], known: 120 });
    expect((await find()).asked).toEqual([]);
    advance(2 * MINUTE_MS);
    expect((await find()).asked).toEqual(['agent 0']);
    const opened = sessionsOf(150, 100).map((one) => ({ ...one, sessionId: `new-${one.sessionId}` }));
    sessions.unshift(...opened);
    advance(2 * MINUTE_MS);
    expect(await find()).toMatchObject({ asked: ['agent 0', 'agent 100'], known: 270, isComplete: true });
  });
});
