import { beforeAll, describe, expect, it } from '@jest/globals';
import { faults, intercept } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture } from './fixture.ts';
import { createSummaries, streamOf } from './keeping.ts';

beforeAll(() => createTables());

const fact = (i: number) => `Fact ${i} is ${1000 + i}.`;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function conversation(agentId: string, length: number) {
  const fixture = createSessionsFixture();
  const sessionId = await fixture.open(agentId);
  for (const i of range(1, length)) await fixture.say(agentId, sessionId, fact(i));
  const resume = async () => (await fixture.resume(agentId, sessionId)).body;
  return { ...fixture, sessionId, resume, summaries: createSummaries(fixture.runtime) };
}

describe('the running summary', () => {
  it('is made every five messages of what leaves the hot window, which it meets without a gap', async () => {
    const { open, say, resume, runtime } = createSessionsFixture();
    const summaries = createSummaries(runtime);
    const sessionId = await open('roller');
    const seen: (number | null)[] = [];
    for (const i of range(1, 30)) {
      await say('roller', sessionId, fact(i));
      await summaries('roller', sessionId, [i]);
      const { summary, messages } = (await resume('roller', sessionId)).body;
      seen.push(summary?.throughSeq ?? null);
      expect(messages).toHaveLength(Math.min(i, 8));
      expect(messages[0].seq).toBeLessThanOrEqual((summary?.throughSeq ?? 0) + 1);
    }
    expect(seen.slice(3, 20)).toEqual([null, 1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 11, 11, 11, 11, 11, 16]);
  });

  it('is the same whether records come once, again, late or two at a time', async () => {
    const { sessionId, summaries, resume } = await conversation('again', 20);
    await summaries('again', sessionId, range(1, 10));
    await Promise.all(
      [range(5, 15), range(11, 20), [20], range(1, 20)].map((seqs) => summaries('again', sessionId, seqs)),
    );
    const { summary } = await resume();
    expect(summary.throughSeq).toBe(16);
    for (const i of range(1, 16)) expect(summary.text.split(fact(i))).toHaveLength(2);
    await summaries('again', sessionId, range(1, 20));
    expect((await resume()).summary).toEqual(summary);
  });

  it('is not put back by a worker that began earlier', async () => {
    const { sessionId, runtime, resume, summaries } = await conversation('slow-worker', 20);
    let met = false;
    const slow = createSummaries(runtime, {
      documents: intercept(async (command, pass) => {
        if (command.constructor.name === 'PutCommand' && !met) {
          met = true;
          await summaries('slow-worker', sessionId, [20]);
        }
        return pass(command);
      }),
    });
    await slow('slow-worker', sessionId, [10]);
    expect(met).toBe(true);
    expect((await resume()).summary.throughSeq).toBe(16);
  });

  it('waits for a number whose message is still on its way, and not for one that never comes', async () => {
    const { open, say, resume, runtime } = createSessionsFixture();
    const sessionId = await open('gappy');
    const losesOne = createSessionsFixture({
      documents: intercept((command, pass) =>
        command.constructor.name === 'PutCommand' ? Promise.reject(faults[1]![1]) : pass(command),
      ),
    });
    losesOne.runtime.setTime(runtime.clock());
    for (const i of range(1, 20))
      if (i === 4) expect((await losesOne.say('gappy', sessionId, fact(i))).status).toBe(503);
      else await say('gappy', sessionId, fact(i));
    const summaries = createSummaries(runtime);
    await summaries('gappy', sessionId, range(1, 20));
    expect((await resume('gappy', sessionId)).body.summary.throughSeq).toBe(3);
    runtime.advance(61_000);
    await summaries('gappy', sessionId, [20]);
    expect((await resume('gappy', sessionId)).body.summary.throughSeq).toBe(16);
  });

  it('that is late leaves no gap: the messages it lacks stand in', async () => {
    const { resume } = await conversation('behind', 30);
    const { summary, messages } = await resume();
    expect(summary).toBeNull();
    expect(messages.map(({ seq }: { seq: number }) => seq)).toEqual(range(1, 30));
  });

  it('is left alone once the session has ended, or is gone', async () => {
    const { sessionId, end, resume, summaries } = await conversation('over', 12);
    await end('over', sessionId);
    const { summary } = await resume();
    expect(summary.throughSeq).toBe(12);
    await summaries('over', sessionId, range(1, 12));
    expect((await resume()).summary).toEqual(summary);
    expect(await summaries('over', 'SESSION-NONE', [10])).toEqual({ batchItemFailures: [] });
  });

  it('that fails is asked for again from the first session that failed, and is an error where that is the first', async () => {
    const { sessionId, runtime } = await conversation('failing', 12);
    const broken = createSummaries(runtime, {
      documents: intercept((command, pass) =>
        command.constructor.name === 'PutCommand' ? Promise.reject(new Error('broken')) : pass(command),
      ),
    });
    await expect(broken('failing', sessionId, range(3, 12))).rejects.toThrow('record 3');
    const { Records: another } = streamOf('failing', 'SESSION-NONE', [1]);
    expect(await broken('failing', sessionId, range(3, 12), another)).toEqual({
      batchItemFailures: [{ itemIdentifier: '3' }],
    });
  });
});
