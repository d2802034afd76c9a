import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Archive, type ArchiveQuery } from '../../../lambdas/archive/archive.ts';
import type { ArchivedRecord, ArchiveRecord } from '../../../lambdas/shared/archive-record.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { recordAt } from './records.ts';

function create(objectsPerPage?: number) {
  const bucket = new MemoryBucket();
  const store = bucket.store();
  const archive = new Archive(
    () => Promise.resolve(store),
    () => new Date('2026-06-01T00:00:00.000Z'),
    objectsPerPage,
  );
  return { bucket, archive };
}

const query: ArchiveQuery = { table: 'decisions', agentId: 'a' };

/** Every page of a query, one record after the other. */
async function readAll(archive: Archive, limit: number, asked = query): Promise<ArchivedRecord[]> {
  const found: ArchivedRecord[] = [];
  let last: string | undefined;
  do {
    const page = await archive.read(asked, limit, last);
    expect(page.records.length).toBeLessThanOrEqual(limit);
    found.push(...page.records);
    last = page.last;
  } while (last !== undefined);
  return found;
}

describe('the archive', () => {
  it('keeps gzipped JSON lines by table, agent and day of the record', async () => {
    const { bucket, archive } = create();
    await archive.write(
      'decisions',
      [recordAt('2026-03-01T23:59:59.999Z', 1), recordAt('2026-03-02T00:00:00.000Z', 2)],
      'expired',
    );
    const [first, second, ...others] = [...bucket.objects].sort();
    expect(others).toEqual([]);
    expect(first![0]).toMatch(
      /^records\/table=decisions\/agent=a\/date=2026-03-01\/[0-9a-f]{32}\.jsonl\.gz$/,
    );
    expect(second![0]).toContain('/date=2026-03-02/');
    const text = gunzipSync(first![1]).toString('utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect(JSON.parse(text)).toEqual({
      id: 'D-1',
      kind: 'decision',
      timestamp: '2026-03-01T23:59:59.999Z',
      key: 'D-1',
      version: 1,
      reason: 'expired',
      archivedat: '2026-06-01T00:00:00.000Z',
      record: '{"n":1,"text":"ä\\nb"}',
    });
  });

  it('replaces a batch that is written again, in whatever order', async () => {
    const { bucket, archive } = create();
    const records = [1, 2, 3].map((n) => recordAt('2026-03-01T00:00:00.000Z', n));
    await archive.write('decisions', records, 'expired');
    await archive.write('decisions', records.reverse(), 'expired');
    expect(bucket.objects.size).toBe(1);
  });

  it('tells versions of one key apart', async () => {
    const { archive } = create();
    const time = '2026-03-01T00:00:00.000Z';
    await archive.write('memory', [recordAt(time, 1), recordAt(time, 1, { version: 12 })], 'pruned');
    const { records } = await archive.read({ ...query, table: 'memory' }, 10);
    expect(records.map(({ version, reason }) => [version, reason])).toEqual([
      [12, 'pruned'],
      [1, 'pruned'],
    ]);
  });

  it('says of each record whether it is stored, and throws where all must be', async () => {
    const { bucket, archive } = create();
    const good = recordAt('2026-03-01T00:00:00.000Z', 1);
    bucket.failure = new Error('no bucket');
    expect(await archive.tryWrite('decisions', [good], 'expired')).toEqual([bucket.failure]);
    await expect(archive.write('decisions', [good], 'expired')).rejects.toThrow('no bucket');
    bucket.failure = undefined;
    expect(await archive.tryWrite('decisions', [good], 'expired')).toEqual([undefined]);
  });

  it('splits what would be too large for a reader', async () => {
    const { bucket, archive } = create();
    const records = Array.from({ length: 5 }, (_, n) =>
      recordAt('2026-03-01T00:00:00.000Z', n, { record: { text: 'x'.repeat(1_500_000) } }),
    );
    await archive.write('decisions', records, 'expired');
    expect(bucket.objects.size).toBe(3);
    expect(await readAll(archive, 2)).toHaveLength(5);
  });

  it('ends a page with the day once it has read as many objects as a request may', async () => {
    const { bucket, archive } = create(4);
    for (let n = 0; n < 5; n++)
      await archive.write('decisions', [recordAt('2026-03-02T00:00:00.000Z', n, { id: 'busy' })], 'expired');
    await archive.write('decisions', [recordAt('2026-03-01T00:00:00.000Z', 0, { id: 'wanted' })], 'expired');
    const asked = { ...query, id: 'wanted' };
    const page = await archive.read(asked, 10);
    expect(page).toEqual({ records: [], last: '2026-03-02' });
    bucket.requests.length = 0;
    const next = await archive.read(asked, 10, page.last);
    expect(next.records).toHaveLength(1);
    expect(bucket.requests.filter((request) => request.includes('2026-03-02'))).toEqual([]);
  });

  it('reads back exactly what was written, newest first, however it was cut, repeated and paged', async () => {
    const record = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 2 }))
      .map(([day, n, version]) => recordAt(`2026-03-0${1 + day}T0${n % 3}:00:00.000Z`, n, { version }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(record, { maxLength: 6 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.option(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), {
          nil: undefined,
        }),
        async (batches, limit, bounds) => {
          const { archive } = create();
          for (const batch of [...batches, ...batches.slice(0, 1)])
            await archive.write('decisions', batch, 'expired');
          const [from, to] = (bounds ?? []).map((day) => `2026-03-0${day}T01:00:00.000Z`);
          const nameOf = ({ timestamp, key, version }: ArchiveRecord) => `${timestamp} ${key} ${version}`;
          const expected = new Set(
            batches
              .flat()
              .filter(({ timestamp }) => (!from || timestamp >= from) && (!to || timestamp <= to))
              .map(nameOf),
          );
          const found = await readAll(archive, limit, { ...query, from, to });
          expect(found.map(nameOf).sort()).toEqual([...expected].sort());
          const times = found.map(({ timestamp }) => timestamp);
          expect(times).toEqual([...times].sort().reverse());
        },
      ),
      { numRuns: 25 },
    );
  });
});
