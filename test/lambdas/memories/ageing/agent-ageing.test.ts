import { beforeAll, describe, expect, it } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ArchivedRecord } from '../../../../lambdas/shared/archive-record.ts';
import type { ObjectStore } from '../../../../lambdas/archive/object-store.ts';
import { fromItem, memoryKey } from '../../../../lambdas/memories/table.ts';
import type { Item } from '../../../../lambdas/shared/dynamodb/table.ts';
import { DAY_MS } from '../../../../lambdas/shared/platform/clock.ts';
import { dyingAfter, intercept } from '../../../support/faults.ts';
import { MemoryBucket } from '../../../support/s3.ts';
import type { TestRuntimeOptions } from '../../../support/runtime.ts';
import { createTables, tableName } from '../../../support/tables.ts';
import { createMemoriesFixture } from '../fixture.ts';
import { ago, NOW } from './memory-generator.ts';
import {
  addRows,
  allRows,
  archivedIn,
  createAgeing,
  dyingStore,
  restoreRows,
  rowsOf,
} from './night-fixture.ts';

const AGENT = 'hunter';
/** Nights killed at the same time: most of one is waiting for the table. */
const AT_A_TIME = 8;
const RUN = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ';
const task = { runId: RUN, agentId: AGENT, asOf: NOW.toISOString() };
const fixture = createMemoriesFixture({ now: NOW.toISOString() });
const ids: Record<string, string> = {};

/** Stores a memory as it was stored so many days ago. */
async function remember(name: string, days: number, body: object): Promise<void> {
  fixture.runtime.setTime(ago(days * DAY_MS));
  ids[name] = (await fixture.save(AGENT, { content: `what ${name} says`, ...body })).body.memoryId;
}

let before: Item[];
/** What all other nights are held against. */
let undisturbed: Awaited<ReturnType<typeof night>>;
beforeAll(async () => {
  await createTables();
  await fixture.register(AGENT, 'friend');
  const trade = { memoryType: 'TRADE' };
  const long = (word: string) =>
    `${word} trend held. ${`The ${word} book moved sideways for a while. `.repeat(20)}`;
  await remember('hot', 0.5, trade);
  await remember('warm', 3, {
    ...trade,
    content: { coin: 'BTC', deep: { deeper: { deepest: 'x'.repeat(300) } } },
  });
  await remember('cold', 10, { memoryType: 'FAILURE', content: long('failed') });
  await remember('archive', 40, {
    memoryType: 'STRATEGY',
    content: long('strategy'),
    outcome: { status: 'success', gain: 0.3 },
  });
  await remember('irrelevant', 25, { ...trade, content: 'nobody asked again' });
  await remember('expired', 9, { memoryType: 'OBSERVATION', content: 'old news of the market' });
  await remember('pinned', 90, { ...trade, content: long('pinned'), pinned: true });
  await remember('preference', 300, { memoryType: 'PREFERENCE', content: long('preferred') });
  for (const [i, days] of [5, 4, 3, 2, 1, 0.2].entries())
    await remember(`same${i}`, days, {
      memoryType: 'INSIGHT',
      content: `volume often confirms the breakout of the daily range on bitcoin ${['too', 'indeed', 'again', 'here', 'now', 'anyway'][i]}`,
      outcome: { gain: i / 100 },
    });
  await remember('revised', 35, { memoryType: 'CORRELATION', content: 'first wording', importance: 0.2 });
  const change = { expectedVersion: 1, content: 'second wording of it' };
  fixture.runtime.setTime(ago(31 * DAY_MS));
  expect((await fixture.update(AGENT, ids['revised']!, change)).status).toBe(200);
  await remember('shared', 26, { ...trade, content: 'offered to a friend' });
  await fixture.share(AGENT, ids['shared']!, { with: ['friend'] });
  fixture.runtime.setTime(NOW);
  before = await allRows();
  undisturbed = await night();
});

const memoriesIn = (rows: readonly Item[]) =>
  new Map(
    rows
      .filter((row) => String(row['PK']).startsWith(`agent:${AGENT}#memory#`) && !row['sameAs'])
      .map((row) => [String(row['SK']), fromItem(row)]),
  );

/** What differs from one undisturbed night to another: how many writes it took, and how often readers were told. */
const comparable = (rows: readonly Item[]) => rows.map(({ revision: _r, epoch: _e, ...row }) => row);

/** Everything of one agent as if it were another's: nights of several can be killed at the same time. */
const renamed = <Value>(value: Value, from: string, to: string): Value =>
  JSON.parse(JSON.stringify(value).replaceAll(from, to)) as Value;

/**
 * A night of an agent that has what the hunter has, killed after its k-th write, and done again. All it answers is told
 * of the hunter.
 */
async function night(agentId = AGENT, k = Infinity) {
  await addRows(renamed(before, AGENT, agentId));
  const bucket = new MemoryBucket();
  const store = bucket.store('worker');
  const writes = { count: 0 };
  const age = (openStore: () => Promise<ObjectStore>, documents?: TestRuntimeOptions['documents']) =>
    createAgeing(task.asOf, openStore, documents).age({ ...task, agentId }, false);
  const held = async () => ({
    rows: renamed(await rowsOf(agentId), agentId, AGENT),
    archived: renamed(await archivedIn(bucket, agentId), agentId, AGENT),
  });
  const first = await age(async () => dyingStore(store, k, writes), dyingAfter(k, writes)).catch(
    (error: Error) => error,
  );
  const afterKill = await held();
  const report = first instanceof Error ? await age(async () => store) : first;
  return { writes: writes.count, report, afterKill, bucket, ...(await held()) };
}

describe('a night', () => {
  it('prunes, merges, moves and shortens, says so, and archives what it takes away', async () => {
    const { report, rows, archived } = undisturbed;
    const left = memoriesIn(rows);
    const formOf = (name: string) => [left.get(ids[name]!)?.tier, left.get(ids[name]!)?.form];
    expect(formOf('hot')).toEqual(['hot', 'full']);
    expect(formOf('warm')).toEqual(['warm', 'essential']);
    expect(formOf('cold')).toEqual(['cold', 'summary']);
    expect(formOf('archive')).toEqual(['archive', 'pattern']);
    expect(formOf('pinned')).toEqual(['archive', 'full']);
    expect(formOf('preference')).toEqual(['archive', 'full']);
    const reasons = new Map(report.prunedMemories.map(({ memoryId, reason }) => [memoryId, reason]));
    const gone = {
      irrelevant: 'irrelevant',
      shared: 'irrelevant',
      revised: 'irrelevant',
      expired: 'expired',
    };
    for (const [name, reason] of Object.entries(gone)) {
      expect([name, reasons.get(ids[name]!)]).toEqual([name, reason]);
      expect(left.has(ids[name]!)).toBe(false);
    }
    expect(report).toMatchObject({
      read: 16,
      pruned: { expired: 1, irrelevant: 3, redundant: 5 },
      tiers: { hot: 2, warm: 1, cold: 1, archive: 3 },
      changedMeanwhile: 0,
      mayChange: 5,
    });
    expect(report.compressed.bytesAfter).toBeLessThan(report.compressed.bytesBefore / 2);
    const kept = left.get(ids['same5']!)!;
    expect([...kept.merged!].sort()).toEqual([0, 1, 2, 3, 4].map((i) => ids[`same${i}`]!).sort());
    expect(kept).toMatchObject({ timesSeen: 6, tier: 'hot', form: 'full' });

    const original = archived.find(({ id, kind }) => id === ids['archive'] && kind === 'memory')!;
    expect(original).toMatchObject({ reason: 'compressed', record: memoriesIn(before).get(ids['archive']!) });
    expect(
      archived
        .filter(({ id }) => id === ids['revised'])
        .map(({ version }) => version)
        .sort(),
    ).toEqual([1, 2]);
    // Neither its other id nor its revisions nor its grant are left.
    expect(
      rows.filter((row) => JSON.stringify(row).includes(ids['revised']!) && row['PK'] !== `stats:${AGENT}`),
    ).toEqual([]);
    expect(rows.filter(({ PK }) => String(PK).startsWith('grant:'))).toEqual([]);
  });

  it('done again changes no memory, archives nothing, and counts nothing', async () => {
    const { rows, bucket } = undisturbed;
    await restoreRows(rows);
    const objects = bucket.objects.size;
    const report = await createAgeing(task.asOf, async () => bucket.store('worker')).age(
      { ...task, runId: 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZY' },
      false,
    );
    expect(report).toMatchObject({
      read: 7,
      pruned: { expired: 0, irrelevant: 0, redundant: 0 },
      compressed: { memories: 0 },
    });
    expect(memoriesIn(await allRows())).toEqual(memoriesIn(rows));
    expect(bucket.objects.size).toBe(objects);
  });

  it('killed after any of its writes, leaves nothing both deleted and unarchived, and ends the same', async () => {
    expect(undisturbed.writes).toBeGreaterThan(10);
    await restoreRows([]);
    const originals = memoriesIn(before);
    const withoutTimes = (archived: readonly ArchivedRecord[]) =>
      archived.map(({ key, version, record }) => ({ key, version, record }));
    const killedAfter = async (k: number): Promise<void> => {
      const { afterKill, report, rows, archived } = await night(`killed${String(k).padStart(3, '0')}`, k);
      const held = memoriesIn(afterKill.rows);
      for (const [memoryId, memory] of originals) {
        const now = held.get(memoryId);
        const whole =
          now && JSON.stringify(now.content) === JSON.stringify(memory.content) && now.form === memory.form;
        const isArchived = afterKill.archived.some(
          ({ id, record }) =>
            id === memoryId && JSON.stringify(record['content']) === JSON.stringify(memory.content),
        );
        expect([k, memoryId, Boolean(whole) || isArchived]).toEqual([k, memoryId, true]);
      }
      expect([k, comparable(rows)]).toEqual([k, comparable(undisturbed.rows)]);
      expect([k, { ...report, read: 0 }]).toEqual([k, { ...undisturbed.report, read: 0 }]);
      expect([k, withoutTimes(archived)]).toEqual([k, withoutTimes(undisturbed.archived)]);
    };
    const all = Array.from({ length: undisturbed.writes }, (_, i) => i + 1);
    for (let start = 0; start < all.length; start += AT_A_TIME)
      await Promise.all(all.slice(start, start + AT_A_TIME).map(killedAfter));
  });

  it('leaves alone what somebody changes or sees meanwhile, and says how many', async () => {
    await restoreRows(before);
    const bucket = new MemoryBucket();
    const store = bucket.store('worker');
    const { unrecorded } = fixture.runtime;
    let seen = false;
    const seenMeanwhile = intercept(async (command, pass) => {
      if (command.constructor.name === 'TransactWriteCommand' && !seen) {
        seen = true;
        for (const name of ['irrelevant', 'same0'])
          await unrecorded.send(
            new UpdateCommand({
              TableName: tableName('memory'),
              Key: memoryKey(AGENT, ids[name]!)!,
              UpdateExpression: 'ADD timesSeen :one SET lastSeenAt = :now, tier = :hot',
              ExpressionAttributeValues: { ':one': 1, ':now': NOW.toISOString(), ':hot': 'hot' },
            }),
          );
      }
      return pass(command);
    });
    const report = await createAgeing(task.asOf, async () => store, seenMeanwhile).age(task, false);
    const left = memoriesIn(await allRows());
    expect(left.get(ids['irrelevant']!)).toMatchObject({ timesSeen: 2, tier: 'hot' });
    expect(left.get(ids['same0']!)).toMatchObject({ timesSeen: 2 });
    // With the near-duplicate goes the step it was part of: all five wait for the next night.
    expect(report).toMatchObject({ changedMeanwhile: 7, pruned: { irrelevant: 2, redundant: 0 } });
    expect(report.tiers.hot + report.tiers.warm + report.tiers.cold + report.tiers.archive).toBe(left.size);
    const next = await createAgeing(task.asOf, async () => store).age({ ...task, runId: 'RUN-2' }, false);
    expect(next).toMatchObject({ changedMeanwhile: 0, pruned: { irrelevant: 0, redundant: 5 } });
  });

  it('deletes nothing when the archive cannot be written', async () => {
    await restoreRows(before);
    const bucket = new MemoryBucket();
    bucket.failure = new Error('no such bucket');
    const ageing = createAgeing(task.asOf, async () => bucket.store('worker'));
    await expect(ageing.age(task, false)).rejects.toThrow('no such bucket');
    expect(memoriesIn(await allRows())).toEqual(memoriesIn(before));
  });

  it('of the past plans and reports, and writes nothing', async () => {
    await restoreRows(before);
    const bucket = new MemoryBucket();
    const report = await createAgeing(task.asOf, async () => bucket.store('worker')).age(task, true);
    expect(report).toMatchObject({
      pruned: { expired: 1, irrelevant: 3, redundant: 5 },
      tiers: { archive: 3 },
    });
    expect(await allRows()).toEqual(before);
    expect(bucket.requests).toEqual([]);
  });
});
