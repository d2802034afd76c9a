import { beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { intercept } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture, history } from './fixture.ts';
import { createSummaries } from './keeping.ts';

const NOW = '2026-03-01T09:00:00.000Z';

beforeAll(() => createTables());

describe('a clientToken that comes again', () => {
  it('after its session is gone opens a new one, which has nothing of the old', async () => {
    const fixture = createSessionsFixture({ now: NOW });
    const { runtime, open, append, say, resume, end } = fixture;
    const summarize = createSummaries(runtime);
    const body = { topic: 'daily', clientToken: 'daily' };
    const before = await open('yearly', body);
    for (let i = 1; i <= 20; i++) await say('yearly', before, `We decided on ${i} in spring.`);
    await summarize('yearly', before, [20]);
    expect((await resume('yearly', before)).body.summary).toMatchObject({ throughSeq: 16 });

    runtime.advance(60 * DAY_MS);
    const after = await open('yearly', body);
    expect(after).toBe(before);
    expect((await resume('yearly', after)).body).toMatchObject({ lastSeq: 0, summary: null, messages: [] });
    for (let i = 1; i <= 20; i++) {
      const message = { role: 'user', content: `We decided on ${i} in summer.`, clientToken: `m${i}` };
      expect((await append('yearly', after, message)).body).toMatchObject({ content: message.content });
    }
    expect(
      (await history(fixture, 'yearly', after)).every(({ content }) => content.endsWith('summer.')),
    ).toBe(true);
    await summarize('yearly', after, [20]);
    const { summary } = (await resume('yearly', after)).body;
    expect(summary).toMatchObject({ throughSeq: 16, text: expect.not.stringContaining('spring') });
    expect((await end('yearly', after)).body).toMatchObject({ end: { analytics: { messages: 20 } } });
  });

  it('after the summary has passed its number stores its message under another one', async () => {
    let isDown = false;
    const fixture = createSessionsFixture({
      now: NOW,
      documents: intercept((command, pass) =>
        isDown && command.constructor.name === 'PutCommand'
          ? Promise.reject(new Error('down'))
          : pass(command),
      ),
    });
    const { runtime, open, append, say, end } = fixture;
    const summarize = createSummaries(runtime);
    const sessionId = await open('slow');
    for (let i = 1; i <= 4; i++) await say('slow', sessionId, `Message ${i}.`);
    const late = { role: 'user', content: 'We decided on 77 lots.', clientToken: 'late' };
    isDown = true;
    expect((await append('slow', sessionId, late)).status).toBeGreaterThanOrEqual(500);
    isDown = false;
    // Its number is still its own: the summary has not passed it.
    await summarize('slow', sessionId, [5]);
    for (let i = 6; i <= 20; i++) await say('slow', sessionId, `Message ${i}.`);
    runtime.advance(2 * 60_000);
    await summarize('slow', sessionId, [20]);

    for (let times = 0; times < 2; times++)
      expect((await append('slow', sessionId, late)).body).toMatchObject({ seq: 21, content: late.content });
    const stored = (await history(fixture, 'slow', sessionId)).map(({ seq }) => seq);
    expect(stored).toEqual([1, 2, 3, 4, ...Array.from({ length: 16 }, (_, i) => 6 + i)]);
    expect((await end('slow', sessionId)).body.summary.text).toContain(late.content);
  });
});
