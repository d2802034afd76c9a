import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { errorCodes, type RouteContract, routeKeyOf } from '../../lambdas/shared/http/contract.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { type LocalService, startService } from '../../scripts/local/service.ts';
import { allRoutes } from '../../scripts/openapi/routes.ts';
import { type HostileAnswer, type HostileRequest, hostileRequests, send } from '../support/hostile.ts';

const AT_ONCE = 50;
const ROUNDS = 42;
const AGENT = 'victim';

let service: LocalService;
let client: DynamoDBClient;

async function countItems(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of Object.values(tables)) {
    let start: Record<string, never> | undefined;
    counts[name] = 0;
    do {
      const page = await client.send(
        new ScanCommand({ TableName: name, Select: 'COUNT', ConsistentRead: true, ExclusiveStartKey: start }),
      );
      counts[name] += page.Count ?? 0;
      start = page.LastEvaluatedKey as never;
    } while (start);
  }
  return counts;
}

async function good(method: string, path: string, body: unknown): Promise<Record<string, string | null>> {
  const answer = await send(service.url, { why: 'seed', method, path, body: JSON.stringify(body) });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text) as Record<string, string | null>;
}

/** Real things, so that a request fails for what is wrong with it and not for want of them. */
const params: Record<string, string> = { agentId: AGENT };

async function seed(): Promise<void> {
  const agent = `/agents/${AGENT}`;
  await good('PUT', agent, { type: 'victim' });
  const decision = { decisionType: 'SIGNAL_GENERATION', context: { trend: 'up' } };
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '53995c3f42cd8ad8' };
  const { decisionId } = await good('POST', `${agent}/decisions`, { ...decision, trace });
  for (let i = 0; i < 3; i++) await good('POST', `${agent}/decisions`, decision);
  const signal = { signalType: 'WHALE_ACTIVITY', severity: 'low', confidence: 0.5, data: {} };
  const { signalId } = await good('POST', `${agent}/signals`, { ...signal, targetAgents: [AGENT] });
  await good('PUT', `${agent}/working/query`, { value: [{ a: 1 }] });
  await good('PUT', `${agent}/state`, { status: 'active' });
  const { decisionType } = decision;
  const conditions = [{ path: 'trend', op: 'eq', value: 'up' }];
  await good('PUT', `${agent}/patterns/stated`, { decisionType, asserts: 'success', conditions });
  const { runId } = await good('POST', '/consolidations', { agentId: AGENT });
  // Its rows are written by then: on a busy machine the worker is still to start when nothing has moved for a while.
  const isOver = async () =>
    (await good('GET', `/consolidations/${runId}`, undefined))['finishedAt'] !== null;
  while (!(await isOver())) await sleep(200);
  Object.assign(params, {
    decisionId: decisionId!,
    signalId: signalId!,
    runId: runId!,
    key: 'query',
    patternId: 'stated',
    spanId: trace.spanId,
    exposureId: 'EXPOSURE-01JZZZZZZZZZZZZZZZZZZZZZZZ',
    checkpointId: 'CHECKPOINT-01JZZZZZZZZZZZZZZZZZZZZZZZ',
  });
}

/** The relay and the run go on after their requests were answered. */
async function untilStill(): Promise<Record<string, number>> {
  let before = await countItems();
  for (let still = 0; still < 3;) {
    await sleep(500);
    const now = await countItems();
    still = JSON.stringify(now) === JSON.stringify(before) ? still + 1 : 0;
    before = now;
  }
  return before;
}

const paramsOf = (route: RouteContract) =>
  Object.fromEntries([...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, params[name!] ?? 'x']));

/** What is wrong with an answer to a request that has to be refused. */
function faultOf(key: string, hostile: HostileRequest, { status, text }: HostileAnswer): string | undefined {
  const told = `${key} (${hostile.why}) → ${status} ${text.slice(0, 200)}; sent ${hostile.path.slice(0, 200)} ${String(hostile.body).slice(0, 200)}`;
  // A batch answers for each row.
  if (status === 200 && (JSON.parse(text) as { failed?: unknown[]; items?: unknown[] }).failed?.length)
    return (JSON.parse(text) as { items: unknown[] }).items.length === 0 ? undefined : told;
  if (status < 400 || status >= 500) return told;
  let error: { code?: string; issues?: { path: string }[] } | undefined;
  try {
    ({ error } = JSON.parse(text) as { error?: typeof error });
  } catch {
    return told;
  }
  // No route has that path: the gateway answers, in its own words.
  if (!error) return text.includes('"message"') && hostile.why !== 'malformed JSON' ? undefined : told;
  if (errorCodes[error.code as keyof typeof errorCodes] !== status) return told;
  if (error.code === 'ValidationFailed' && !error.issues?.every(({ path }) => typeof path === 'string'))
    return told;
  if (hostile.why === 'another method' && error.code !== 'MethodNotAllowed') return told;
  if (hostile.why === 'path ends in /' && error.code !== 'NotFound') return told;
  if (hostile.why === 'no body' && error.issues?.[0]?.path !== 'body') return told;
  if (hostile.why === 'malformed JSON' && !/line \d+, column \d+|UTF-8/.test(text)) return told;
  return undefined;
}

beforeAll(async () => {
  service = await startService({ port: 0, quiet: true });
  client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: service.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await seed();
});
afterAll(async () => {
  client?.destroy();
  await service?.stop();
});

describe('hostile requests', () => {
  it(`are refused, ${AT_ONCE * ROUNDS} of them, without a 500 and without a trace in any table`, async () => {
    const before = await untilStill();
    const hostile = fc.oneof(
      ...allRoutes.map((route) =>
        hostileRequests(route, paramsOf).map((request) => ({ key: routeKeyOf(route), request })),
      ),
    );
    const faults: string[] = [];
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (requests) => {
        await Promise.all(
          requests.map(async ({ key, request }) => {
            const fault = faultOf(key, request, await send(service.url, request));
            sent += 1;
            if (fault) faults.push(fault);
          }),
        );
      }),
      { numRuns: ROUNDS, endOnFailure: true },
    );
    expect(faults).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(2_000);
    expect(await untilStill()).toEqual(before);
  });

  it('are told the size when they are too large', async () => {
    const before = await countItems();
    const decision = (bytes: number) => ({
      decisionType: 'SIGNAL_GENERATION',
      context: { text: 'x'.repeat(bytes) },
    });
    for (const body of [decision(500_000), decision(1_200_000)]) {
      const answer = await send(service.url, {
        why: 'too large',
        method: 'POST',
        path: `/agents/${AGENT}/decisions`,
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.text)).toMatchObject({
        error: { code: 'TooLarge', message: expect.stringMatching(/\d{6}/) },
      });
    }
    expect(await countItems()).toEqual(before);
  });

  it('are refused when they bring the token of another query', async () => {
    const page = (query: string) =>
      send(service.url, { why: 'page', method: 'GET', path: `/agents/${AGENT}/decisions?${query}` });
    const { nextToken } = JSON.parse((await page('maxResults=1')).text) as { nextToken: string };
    expect(typeof nextToken).toBe('string');
    const token = `nextToken=${encodeURIComponent(nextToken)}`;
    expect((await page(`maxResults=1&${token}`)).status).toBe(200);
    expect(await page(`maxResults=1&outcome=success&${token}`)).toMatchObject({ status: 400 });
    expect(await page(`maxResults=1&${token}x`)).toMatchObject({ status: 400 });
  });
});
