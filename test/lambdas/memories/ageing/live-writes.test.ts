import { beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { dyingAfter } from '../../../support/faults.ts';
import { MemoryBucket } from '../../../support/s3.ts';
import { createTables } from '../../../support/tables.ts';
import { createMemoriesFixture } from '../fixture.ts';
import { ago, NOW } from './memory-generator.ts';
import { createAgeing, dyingStore } from './night-fixture.ts';

const asOf = NOW.toISOString();
const friend = { with: ['friend'] };

beforeAll(() => createTables());

/** A memory that was changed from the first wording to the second, is shared, and that this night prunes. */
async function pruned(agentId: string) {
  const fixture = createMemoriesFixture({ now: asOf });
  await fixture.register(agentId, 'friend');
  fixture.runtime.setTime(ago(40 * DAY_MS));
  const { body } = await fixture.save(agentId, { content: 'first wording' });
  const id = body.memoryId as string;
  await fixture.update(agentId, id, { expectedVersion: 1, content: 'second wording' });
  await fixture.share(agentId, id, friend);
  fixture.runtime.setTime(asOf);
  return fixture;
}

describe('what is saved after a night was killed', () => {
  it.each([
    ['second wording', 'first wording'],
    ['first wording', 'second wording'],
  ])('stays, and what it is shared with: %s, then %s', async (...wordings) => {
    for (let k = 1, died = true; died; k++) {
      const agentId = `mortal-${wordings[0]!.split(' ')[0]}-${k}`;
      const { save, get, list, update } = await pruned(agentId);
      const bucket = new MemoryBucket();
      const writes = { count: 0 };
      const store = dyingStore(bucket.store('worker'), k, writes);
      const task = { runId: 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ', agentId, asOf };
      died = await createAgeing(asOf, async () => store, dyingAfter(k, writes))
        .age(task, false)
        .then(
          () => false,
          () => true,
        );
      const saved: { id: string; content: string }[] = [];
      for (const content of wordings) {
        const { status, body } = await save(agentId, { content, sharing: friend.with });
        expect([k, content, status]).toEqual([k, content, 201]);
        saved.push({ id: body.memoryId, content: body.content });
        // Seen again is what the wording became by the change, as long as that memory is there.
        if (body.result === 'created') expect(body.content).toBe(content);
      }
      await createAgeing(asOf, async () => bucket.store('worker')).age(task, false);
      const shared = (await list('friend', { scope: 'shared' })).body.items.map(
        ({ memoryId }: { memoryId: string }) => memoryId,
      );
      for (const { id, content } of saved) {
        expect([k, (await get(agentId, id)).body.content]).toEqual([k, content]);
        expect([k, shared.includes(id)]).toEqual([k, true]);
      }
      // No name of what is gone is in the way of a change.
      const { body } = await get(agentId, saved[0]!.id);
      const change = { expectedVersion: body.version, content: 'third wording' };
      expect((await update(agentId, saved[0]!.id, change)).status).toBe(200);
    }
  });
});
