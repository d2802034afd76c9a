import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { hasVersion, isAbsent } from '../../../lambdas/shared/dynamodb/expressions.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { ThrottledError, UnavailableError } from '../../../lambdas/shared/errors.ts';
import { defineRoute } from '../../../lambdas/shared/http/contract.ts';
import { createHttpHandler, type HttpEvent } from '../../../lambdas/shared/http/handler.ts';
import { InvocationDeadline } from '../../../lambdas/shared/platform/invocation-deadline.ts';
import { eventOf, lambdaContext } from '../../support/api.ts';
import { cancelled, FakeDynamoDb, throttled } from '../../support/fake-dynamodb.ts';
import { createTestRuntime } from '../../support/runtime.ts';

const KEY = { PK: 'p', SK: 's' };
const NOW = new Date('2026-03-01T00:00:00Z');

let endpoint: FakeDynamoDb;
beforeAll(async () => {
  endpoint = await FakeDynamoDb.start();
});
afterAll(() => endpoint.stop());

/** @param remainingMs of the invocation */
function tableWith(remainingMs = 29_000): Table {
  const deadline = new InvocationDeadline();
  deadline.start(remainingMs);
  return new Table(endpoint.client(), 'table', () => NOW, deadline);
}

const elapsed = async (work: Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work.catch(() => undefined);
  return performance.now() - began;
};

describe('a call that is throttled', () => {
  it('is sent again until it succeeds', async () => {
    endpoint.answers((_, count) =>
      count < 3 ? throttled : { body: { Item: { PK: { S: 'p' }, n: { N: '1' } } } },
    );
    expect(await tableWith().get(KEY)).toEqual({ PK: 'p', n: 1 });
    expect(endpoint.requests).toHaveLength(3);
  });

  it('ends as ThrottledError after six tries', async () => {
    endpoint.answers(() => throttled);
    await expect(tableWith().put({ ...KEY })).rejects.toThrow(ThrottledError);
    expect(endpoint.requests).toHaveLength(6);
  });

  it('ends within the time the invocation has, however many there are', async () => {
    endpoint.answers(() => throttled);
    const table = tableWith(2_500);
    const three = async () => {
      for (let call = 0; call < 3; call++) await table.put({ ...KEY }).catch(() => undefined);
    };
    expect(await elapsed(three())).toBeLessThan(2_500);
  });

  it('is tried once when no time is left', async () => {
    endpoint.answers(() => throttled);
    await expect(tableWith(0).put({ ...KEY })).rejects.toThrow(ThrottledError);
    expect(endpoint.requests).toHaveLength(1);
  });

  it('is told as 429 with Retry-After by the handler, before its function’s time is up', async () => {
    endpoint.answers(() => throttled);
    const runtime = createTestRuntime('unrecorded');
    const table = new Table(endpoint.client(), 'table', () => NOW, runtime.deadline);
    const route = defineRoute({
      method: 'GET',
      path: '/agents/{agentId}/thing',
      audience: 'agent',
      summary: 'Several reads.',
      params: z.object({ agentId: z.string() }),
      query: z.object({}),
      response: z.object({}),
      status: 200,
      errors: [],
    });
    const handler = createHttpHandler(
      runtime,
      'iam',
      { getThing: route },
      {
        getThing: async () => {
          for (let call = 0; call < 5; call++) await table.get(KEY);
          return {};
        },
      },
    );
    const context = { ...lambdaContext, getRemainingTimeInMillis: () => 3_000 };
    const event: HttpEvent = eventOf(route, { params: { agentId: 'a' } });
    const began = performance.now();
    const { statusCode, headers, body } = await handler(event, context);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect([statusCode, headers!['retry-after']]).toEqual([429, '1']);
    expect(JSON.parse(String(body)).error.code).toBe('Throttled');
  });
});

describe('an endpoint that hangs', () => {
  it('ends as UnavailableError within the time the invocation has', async () => {
    endpoint.answers(() => 'hang');
    const table = tableWith(2_000);
    const began = performance.now();
    await expect(table.get(KEY)).rejects.toThrow(UnavailableError);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('a transaction', () => {
  it.each([
    ['throttled', ['ThrottlingError', 'None']],
    ['over its throughput', ['None', 'ProvisionedThroughputExceeded']],
    ['met another one', ['TransactionConflict', 'None']],
    ['both', ['TransactionConflict', 'ThrottlingError']],
  ])('that is cancelled because it was %s is sent again under the same token', async (_, codes) => {
    endpoint.answers((_request, count) => (count < 3 ? cancelled(...codes) : { body: {} }));
    const table = tableWith();
    const actions = [table.actions.put({ ...KEY }, isAbsent), table.actions.delete({ PK: 'p', SK: 't' })];
    expect(await table.transact(actions)).toBeUndefined();
    const tokens = endpoint.requests.map(({ body }) => body.ClientRequestToken);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/./);
  });

  it('that a condition refused is not sent again, and says what the condition found', async () => {
    endpoint.answers(() => ({
      error: 'TransactionCanceledException',
      reasons: [
        { Code: 'TransactionConflict' },
        { Code: 'ConditionalCheckFailed', Item: { PK: { S: 'p' }, version: { N: '7' } } },
      ],
    }));
    const table = tableWith();
    const failed = await table.transact([
      table.actions.put({ ...KEY }),
      table.actions.put({ PK: 'p', SK: 't' }, hasVersion(6)),
    ]);
    expect(failed).toEqual([undefined, { item: { PK: 'p', version: 7 } }]);
    expect(endpoint.requests).toHaveLength(1);
  });

  it.each([
    ['ThrottlingError', ThrottledError],
    ['TransactionConflict', UnavailableError],
  ])('that goes on being cancelled for %s gives up', async (code, error) => {
    endpoint.answers(() => cancelled(code));
    const table = tableWith(2_500);
    await expect(table.transact([table.actions.put({ ...KEY })])).rejects.toThrow(error);
  });
});

describe('a batch', () => {
  const keys = Array.from({ length: 130 }, (_, i) => ({ PK: 'p', SK: String(i) }));

  it('is read until no key is left', async () => {
    endpoint.answers(({ body }) => {
      const asked = body.RequestItems.table.Keys as object[];
      const left = asked.slice(40);
      return {
        body: {
          Responses: { table: asked.slice(0, 40) },
          UnprocessedKeys: left.length > 0 ? { table: { Keys: left } } : {},
        },
      };
    });
    const found = await tableWith().getAll(keys);
    expect(found.map(({ SK }) => SK).sort()).toEqual(keys.map(({ SK }) => SK).sort());
  });

  it('is written until no item is left, and gives up when some always are', async () => {
    const written: string[] = [];
    endpoint.answers(({ body }, count) => {
      const asked = body.RequestItems.table as { PutRequest: { Item: { SK: { S: string } } } }[];
      const some = count <= 6 ? asked.slice(0, 10) : asked;
      written.push(...some.map(({ PutRequest }) => PutRequest.Item.SK.S));
      return { body: { UnprocessedItems: some.length < asked.length ? { table: asked.slice(10) } : {} } };
    });
    await tableWith().putAll(keys);
    expect(written.sort()).toEqual(keys.map(({ SK }) => SK).sort());
    endpoint.answers(({ body }) => ({ body: { UnprocessedItems: body.RequestItems } }));
    await expect(tableWith(2_500).putAll(keys.slice(0, 1))).rejects.toThrow(ThrottledError);
  });
});

describe('what has expired', () => {
  const rows = [
    { PK: { S: 'p' }, SK: { S: 'live' }, ttl: { N: String(NOW.getTime() / 1000 + 1) } },
    { PK: { S: 'p' }, SK: { S: 'expired' }, ttl: { N: String(NOW.getTime() / 1000) } },
    { PK: { S: 'p' }, SK: { S: 'for good' } },
  ];
  const shown = ['live', 'for good'];

  it('is dropped by every read', async () => {
    const table = tableWith();
    endpoint.answers(() => ({ body: { Items: rows } }));
    expect((await table.queryAll({ partition: 'p' })).map(({ SK }) => SK)).toEqual(shown);
    endpoint.answers(() => ({ body: { Responses: { table: rows } } }));
    expect((await table.getAll([KEY])).map(({ SK }) => SK)).toEqual(shown);
    endpoint.answers(() => ({ body: { Item: rows[1] } }));
    expect(await table.get(KEY)).toBeUndefined();
    expect(await table.get(KEY, { keepExpired: true })).toMatchObject({ SK: 'expired' });
  });

  it('is told from the rest also where few attributes are asked for', async () => {
    endpoint.answers(() => ({ body: { Items: rows } }));
    await tableWith().query({ partition: 'p', attributes: ['action'] });
    const { ProjectionExpression, ExpressionAttributeNames } = endpoint.requests[0]!.body;
    expect(ProjectionExpression).toBe('#a0, #a1');
    expect(ExpressionAttributeNames).toMatchObject({ '#a0': 'action', '#a1': 'ttl' });
  });
});

describe('a conditional put', () => {
  it('says what is there instead', async () => {
    endpoint.answers(() => ({ error: 'ConditionalCheckFailedException' }));
    expect(await tableWith().putIfNew({ ...KEY })).toEqual({ item: undefined });
    endpoint.answers(() => ({ body: {} }));
    expect(await tableWith().putIfVersion({ ...KEY, version: 3 }, 2)).toBeUndefined();
    expect(endpoint.requests[0]!.body).toMatchObject({
      ConditionExpression: '#version = :is_version',
      ExpressionAttributeValues: { ':is_version': { N: '2' } },
    });
  });
});
