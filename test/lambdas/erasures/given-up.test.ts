import { beforeAll, expect, it } from '@jest/globals';
import { marshall } from '@aws-sdk/util-dynamodb';
import { toItem } from '../../../lambdas/decisions/table.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { createTables } from '../../support/tables.ts';
import { removal } from '../archive/expired.ts';
import { decisionsOf, plantedRule } from '../consolidation/pipeline.ts';
import { createErasurePipeline, NOW } from './erasure-pipeline.ts';

beforeAll(() => createTables());

const decisionOf = (agentId: string, sessionId?: string) => {
  const [decision] = decisionsOf(agentId, plantedRule(NOW, 1), NOW);
  return removal('decisions', toItem({ ...decision!, sessionId }));
};
const delivery = (sourceAgent: string, targetAgent: string) => {
  const SK = `${NOW}#NEWS-01KJMMA2G00000000000000000#${targetAgent}`;
  const row = { PK: 'signal#NEWS', SK, sourceAgent, status: 'PENDING', ttl: 1 };
  const { dynamodb, ...rest } = removal('signals', row);
  // As the relay was given it.
  return {
    ...rest,
    eventName: 'INSERT',
    dynamodb: { ...dynamodb, OldImage: undefined, NewImage: marshall(row) },
  };
};
const head = (agentId: string, sessionId: string, userId: string) =>
  removal('state', {
    PK: `session:${agentId}#${sessionId}`,
    SK: 'TOP#HEAD',
    userId,
    createdAt: NOW,
    active: 1,
    lifeMs: 1,
    lastSeq: 0,
  });

/** As Lambda leaves it. */
const givenUp = (...Records: object[]) =>
  Buffer.from(
    JSON.stringify({
      version: '1.0',
      condition: 'RetryAttemptsExhausted',
      payload: JSON.stringify({ Records }),
    }),
  );
const recordsIn = (body: Uint8Array | undefined): unknown[] | undefined =>
  body && (JSON.parse(JSON.parse(Buffer.from(body).toString()).payload).Records as unknown[]);

it('what Lambda gave up on loses the records of who is erased, and nothing of others', async () => {
  const bucket = new MemoryBucket();
  const stays = [decisionOf('stayer'), delivery('stayer', 'other'), head('stayer', 'SESSION-2', 'else')];
  const unreadable = { eventSourceARN: 'arn:aws:dynamodb:x:y:table/unknown/stream/z', dynamodb: {} };
  const mixed = 'aws/lambda/mapping/shard/2026/03/01/mixed';
  const own = 'aws/lambda/mapping/shard/2026/03/01/own';
  const other = 'aws/lambda/another';
  const put = (key: string, body: Uint8Array) => bucket.objects.set(key, Uint8Array.from(body));
  put(mixed, givenUp(decisionOf('leaver'), ...stays, delivery('stayer', 'leaver'), unreadable));
  put(own, givenUp(delivery('leaver', 'stayer'), head('leaver', 'SESSION-1', 'ada')));
  put(other, Buffer.from('not what Lambda writes'));
  const erasure = await createErasurePipeline({ bucket }).erase({ agentId: 'leaver' });
  expect(erasure).toMatchObject({ status: 'SUCCEEDED', removed: { archive: 4 }, left: { archive: 0 } });
  expect([...bucket.objects.keys()]).toEqual([mixed, other]);
  expect(recordsIn(bucket.objects.get(mixed))).toEqual(
    JSON.parse(JSON.stringify([...stays, unreadable])) as unknown[],
  );

  put(own, givenUp(head('stayer', 'SESSION-1', 'ada'), head('stayer', 'SESSION-2', 'else')));
  expect(await createErasurePipeline({ bucket }).erase({ userId: 'ada' })).toMatchObject({
    removed: { archive: 1 },
  });
  expect(recordsIn(bucket.objects.get(own))).toHaveLength(1);
});
