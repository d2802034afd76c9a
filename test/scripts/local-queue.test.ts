import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { QueueSpec } from '../../scripts/local/assembly.ts';
import { LocalQueue } from '../../scripts/local/queue.ts';
import { workDirectory } from '../support/paths.ts';

const spec = (overrides: Partial<QueueSpec> = {}): QueueSpec => ({
  name: 'work.fifo',
  arn: 'arn:aws:sqs:us-east-1:000000000000:work.fifo',
  url: 'http://127.0.0.1/000000000000/work.fifo',
  fifo: true,
  contentBasedDeduplication: false,
  visibilitySeconds: 30,
  ...overrides,
});

describe('a local FIFO queue', () => {
  let now = 0;
  const make = (overrides: Partial<QueueSpec> = {}, deadLetters?: LocalQueue, file?: string) =>
    new LocalQueue(spec(overrides), { now: () => now, deadLetters: () => deadLetters, file });
  const bodies = (messages: readonly { body: string }[]) => messages.map(({ body }) => body);

  beforeEach(() => {
    now = 1_000_000;
  });

  it('delivers a group in order, one message at a time, and other groups meanwhile', () => {
    const queue = make();
    for (const [groupId, body] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['b', 'b1'],
    ] as const)
      queue.send(body, { groupId, deduplicationId: body });
    const [a1, b1] = queue.receive(10);
    expect(bodies([a1!, b1!])).toEqual(['a1', 'b1']);
    expect(queue.receive(10)).toEqual([]);
    queue.delete(a1!.receiptHandle);
    expect(bodies(queue.receive(10))).toEqual(['a2']);
  });

  it('takes a repeated send within five minutes for the first, even when that one is done', () => {
    const queue = make();
    const first = queue.send('x', { groupId: 'g', deduplicationId: 'd' });
    queue.delete(queue.receive(1)[0]!.receiptHandle);
    now += 299_000;
    expect(queue.send('x', { groupId: 'g', deduplicationId: 'd' }).messageId).toBe(first.messageId);
    expect(queue.size).toBe(0);
    now += 1_001;
    queue.send('x', { groupId: 'g', deduplicationId: 'd' });
    expect(queue.size).toBe(1);
  });

  it('recognizes a duplicate by its content where the queue says so', () => {
    const queue = make({ contentBasedDeduplication: true });
    queue.send('same', { groupId: 'g' });
    queue.send('same', { groupId: 'g' });
    queue.send('other', { groupId: 'g' });
    expect(queue.size).toBe(2);
  });

  it('asks for a group, and for a way to recognize a duplicate', () => {
    expect(() => make().send('x', { deduplicationId: 'd' })).toThrow('MessageGroupId');
    expect(() => make().send('x', { groupId: 'g' })).toThrow('MessageDeduplicationId');
  });

  it('delivers again what was neither deleted nor released in time; the old receipt then deletes nothing', () => {
    const queue = make();
    queue.send('x', { groupId: 'g', deduplicationId: 'd' });
    const [first] = queue.receive(1);
    now += 29_999;
    expect(queue.receive(1)).toEqual([]);
    now += 1;
    const [second] = queue.receive(1);
    expect([first!.receiveCount, second!.receiveCount]).toEqual([1, 2]);
    queue.delete(first!.receiptHandle);
    expect(queue.size).toBe(1);
    queue.delete(second!.receiptHandle);
    expect(queue.size).toBe(0);
  });

  it('holds its group back while a released message waits', () => {
    const queue = make();
    queue.send('1', { groupId: 'g', deduplicationId: '1' });
    queue.send('2', { groupId: 'g', deduplicationId: '2' });
    queue.release(queue.receive(1)[0]!.receiptHandle, 5_000);
    expect(queue.receive(10)).toEqual([]);
    now += 5_000;
    expect(bodies(queue.receive(10))).toEqual(['1']);
  });

  it('wakes its reader when a release is over, also when the timer is ahead of the clock', async () => {
    const queue = make();
    queue.send('1', { groupId: 'g', deduplicationId: '1' });
    queue.release(queue.receive(1)[0]!.receiptHandle, 20);
    const received: string[] = [];
    queue.onMessage(() => received.push(...bodies(queue.receive(10))));
    now += 19;
    await sleep(60);
    expect(received).toEqual([]);
    now += 1;
    await sleep(60);
    expect(received).toEqual(['1']);
  });

  it('moves a message to the dead letters after the last permitted receive, and goes on', () => {
    const dead = make({ name: 'dead.fifo' });
    const queue = make({ redrive: { deadLetterArn: 'dead', maxReceiveCount: 2 } }, dead);
    queue.send('poison', { groupId: 'g', deduplicationId: '1' });
    queue.send('next', { groupId: 'g', deduplicationId: '2' });
    for (const count of [1, 2]) {
      const [message] = queue.receive(1);
      expect(message).toMatchObject({ body: 'poison', receiveCount: count });
      queue.release(message!.receiptHandle, 0);
    }
    expect(bodies(queue.receive(1))).toEqual(['next']);
    expect(bodies(dead.receive(10))).toEqual(['poison']);
  });

  it('has all it held after a crash, with its receives counted and its duplicates known', () => {
    const file = join(mkdtempSync(join(workDirectory(), 'queue-')), 'work.jsonl');
    const queue = make({}, undefined, file);
    queue.send('done', { groupId: 'g', deduplicationId: 'done' });
    queue.delete(queue.receive(1)[0]!.receiptHandle);
    queue.send('in flight', { groupId: 'g', deduplicationId: 'in flight' });
    queue.send('waiting', { groupId: 'g', deduplicationId: 'waiting' });
    queue.receive(1);
    appendFileSync(file, '{"op":"send","mess');

    for (let restart = 1; restart <= 2; restart++) {
      const again = make({}, undefined, file);
      expect(again.size).toBe(2);
      again.send('done', { groupId: 'g', deduplicationId: 'done' });
      again.send('waiting', { groupId: 'g', deduplicationId: 'waiting' });
      expect(again.size).toBe(2);
      expect(again.receive(10)).toMatchObject([{ body: 'in flight', receiveCount: 1 + restart }]);
    }
    expect(readFileSync(file, 'utf8')).not.toContain('mess"');
  });

  it('loses and doubles nothing, and keeps every group in order, whatever fails in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 }),
        fc.infiniteStream(fc.constantFrom('delete', 'release', 'forget')),
        (groups, fates) => {
          const queue = make();
          groups.forEach((groupId, i) => queue.send(String(i), { groupId, deduplicationId: String(i) }));
          const done: Record<string, number[]> = { a: [], b: [], c: [] };
          for (let round = 0; queue.size > 0 && round < 1_000; round++) {
            const batch = queue.receive(3);
            expect(new Set(batch.map(({ groupId }) => groupId)).size).toBe(batch.length);
            for (const message of batch) {
              const fate = fates.next().value;
              if (fate === 'release') queue.release(message.receiptHandle, 10);
              if (fate !== 'delete') continue;
              queue.delete(message.receiptHandle);
              done[message.groupId!]!.push(Number(message.body));
            }
            now += 30_000;
          }
          for (const group of ['a', 'b', 'c'])
            expect(done[group]).toEqual(groups.flatMap((name, i) => (name === group ? [i] : [])));
        },
      ),
      { numRuns: 50 },
    );
  });
});
