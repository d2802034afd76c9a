import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { stateToItem } from '../../../lambdas/agents/state-table.ts';
import type { HttpHandler } from '../../../lambdas/shared/http/handler.ts';
import { call } from '../../support/api.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';

const { getState, putState, listStateHistory, createCheckpoint, restoreCheckpoint } = agentRoutes;

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';

const put = (handler: HttpHandler, agentId: string, currentCycle: number, more: object = {}) =>
  call(handler, putState, { params: { agentId }, body: { status: 'active', currentCycle, ...more } });

/** Every page of the history, and how many each held. */
async function historyOf(handler: HttpHandler, agentId: string, query: Record<string, string> = {}) {
  const items: { version: number; currentCycle: number; updatedAt: string; restoredFrom?: string }[] = [];
  const pages: number[] = [];
  let nextToken: string | null = null;
  do {
    const { body } = await call(handler, listStateHistory, {
      params: { agentId },
      query: { ...query, ...(nextToken && { nextToken }) },
    });
    items.push(...body.items);
    pages.push(body.items.length);
    nextToken = body.nextToken;
  } while (nextToken);
  return { items, pages };
}

const versionsOf = ({ items }: { items: readonly { version: number }[] }) =>
  items.map(({ version }) => version);
const from = (newest: number, oldest: number) =>
  Array.from({ length: newest - oldest + 1 }, (_, i) => newest - i);

describe("the history of an agent's state", () => {
  it('has each version as it was put, with its time, newest first', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const put1 = await put(handler, 'kept', 1, { data: { notes: ['ü', { a: null }] } });
    runtime.advance(1000);
    const put2 = await put(handler, 'kept', 2, { configuration: { maxPositions: 3 } });
    runtime.advance(1000);
    const put3 = await put(handler, 'kept', 3);
    expect((await historyOf(handler, 'kept')).items).toEqual([put3.body, put2.body, put1.body]);
    expect(put1.body).toMatchObject({ version: 1, updatedAt: NOW });
  });

  it('is empty of an agent that never put a state, and of nobody else', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'someone', 1);
    expect(await historyOf(handler, 'nobody')).toEqual({ items: [], pages: [0] });
  });

  it('ends with the newest 50, in pages; the table holds no more rows', async () => {
    const { handler } = startAgents({ now: NOW });
    for (let i = 1; i <= 123; i++) await put(handler, 'long', i);
    const history = await historyOf(handler, 'long');
    expect(history.pages).toEqual([20, 20, 10]);
    expect(versionsOf(history)).toEqual(from(123, 74));
    expect(history.items.every(({ version, currentCycle }) => version === currentCycle)).toBe(true);
    expect(versionsOf(await historyOf(handler, 'long', { maxResults: '7' }))).toEqual(from(123, 74));
    const { Count } = await ownDocuments.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk AND begins_with(SK, :sk)',
        ExpressionAttributeValues: { ':pk': 'agent:long', ':sk': 'STATE_VERSION#' },
      }),
    );
    expect(Count).toBe(50);
  });

  it('goes on below where a page ended, also when more versions came meanwhile', async () => {
    const { handler } = startAgents({ now: NOW });
    for (let i = 1; i <= 10; i++) await put(handler, 'moving', i);
    const params = { agentId: 'moving' };
    const { body: first } = await call(handler, listStateHistory, { params, query: { maxResults: '4' } });
    for (let i = 11; i <= 14; i++) await put(handler, 'moving', i);
    const query = { maxResults: '4', nextToken: first.nextToken };
    const { body: second } = await call(handler, listStateHistory, { params, query });
    expect(versionsOf({ items: [...first.items, ...second.items] })).toEqual(from(10, 3));
    const other = await call(handler, listStateHistory, { params: { agentId: 'long' }, query });
    expect(other.body.error.issues).toMatchObject([{ path: 'nextToken' }]);
  });

  it('shows what a restore replaced, and what it put in its place', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: 'restored' };
    await put(handler, 'restored', 1);
    const { checkpointId } = (await call(handler, createCheckpoint, { params })).body;
    await put(handler, 'restored', 2);
    await call(handler, restoreCheckpoint, { params: { ...params, checkpointId } });
    await put(handler, 'restored', 4);
    const { items } = await historyOf(handler, 'restored');
    expect(items).toMatchObject([
      { version: 4, currentCycle: 4 },
      { version: 3, currentCycle: 1, restoredFrom: checkpointId },
      { version: 2, currentCycle: 2 },
      { version: 1, currentCycle: 1 },
    ]);
  });

  it('of a state from before versions were kept begins with that state', async () => {
    const { handler } = startAgents({ now: NOW });
    const stored = {
      agentId: 'old',
      status: 'active',
      currentCycle: 7,
      version: 107,
      updatedAt: NOW,
    } as const;
    await ownDocuments.send(new PutCommand({ TableName: tableName('state'), Item: stateToItem(stored) }));
    expect(versionsOf(await historyOf(handler, 'old'))).toEqual([107]);
    await put(handler, 'old', 8);
    await put(handler, 'old', 9);
    expect(versionsOf(await historyOf(handler, 'old'))).toEqual([109, 108, 107]);
  });

  it('fits answers below 4 MB, whatever the states hold', async () => {
    const { handler } = startAgents({ now: NOW });
    // 170 KB as stored, and 1 MB as JSON: as much as a body may be.
    const data = { text: '\u0001'.repeat(170_000) };
    for (let i = 1; i <= 5; i++) await put(handler, 'heavy', i, { data });
    for (let i = 6; i <= 16; i++) await put(handler, 'heavy', i, { data: { text: 'x'.repeat(400_000) } });
    const params = { agentId: 'heavy' };
    const seen: number[] = [];
    let nextToken: string | null = null;
    do {
      const query: Record<string, string> = nextToken ? { nextToken } : {};
      const { body } = await call(handler, listStateHistory, { params, query });
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(4 * 1024 * 1024);
      seen.push(...versionsOf(body));
      nextToken = body.nextToken;
    } while (nextToken);
    expect(seen).toEqual(from(16, 1));
  });
});

describe('no version is lost', () => {
  it('among writers at the same moment', async () => {
    const { handler } = startAgents({ now: NOW });
    const cycles = Array.from({ length: 12 }, (_, i) => i);
    const answers = await Promise.all(cycles.map((i) => put(handler, 'crowd', i)));
    expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(from(12, 1).reverse());
    const { items } = await historyOf(handler, 'crowd');
    expect(items.toSorted((a, b) => a.version - b.version)).toEqual(
      answers.map(({ body }) => body).toSorted((a, b) => a.version - b.version),
    );
  });

  it('to a writer that dies anywhere', async () => {
    for (let k = 1; k <= 3; k++) {
      const agentId = `dies-after-${k}`;
      const { handler } = startAgents({ now: NOW });
      await put(handler, agentId, 1);
      await put(handler, agentId, 2);
      const dying = startAgents({ now: NOW, documents: dyingAfter(k, { count: 0 }) });
      expect((await put(dying.handler, agentId, 3)).body.error.code).toBe('Internal');
      const { version } = (await call(handler, getState, { params: { agentId } })).body;
      expect(version).toBe(k === 3 ? 3 : 2);
      expect(versionsOf(await historyOf(handler, agentId))).toEqual(from(version, 1));
      await put(handler, agentId, 4);
      expect(versionsOf(await historyOf(handler, agentId))).toEqual(from(version + 1, 1));
    }
  });

  it('to a late writer, who had read a version 50 before', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'slow', 1);
    let others = false;
    const slow = startAgents({
      now: NOW,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        if (command.constructor.name === 'GetCommand' && !others) {
          others = true;
          for (let i = 2; i <= 51; i++) await put(handler, 'slow', i);
        }
        return answer;
      }),
    });
    expect((await put(slow.handler, 'slow', 52)).body.version).toBe(52);
    expect(versionsOf(await historyOf(handler, 'slow'))).toEqual(from(52, 3));
  });

  it('twice to a put whose answer was lost: it is sent again, and is one version', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'lost', 1);
    let lost = false;
    const lossy = startAgents({
      now: NOW,
      retries: () => true,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        const { Item } = (command as { input: { Item?: { SK?: string } } }).input;
        if (Item?.SK !== 'CURRENT' || lost) return answer;
        lost = true;
        throw Object.assign(new Error('reset'), { name: 'TimeoutError' });
      }),
    });
    const answer = await put(lossy.handler, 'lost', 2, { expectedVersion: 1 });
    expect(answer.body).toMatchObject({ version: 2, currentCycle: 2 });
    expect(versionsOf(await historyOf(handler, 'lost'))).toEqual([2, 1]);
  });

  it('of two equal puts that expect the same version one is refused', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'twins', 1);
    const both = await Promise.all([1, 2].map(() => put(handler, 'twins', 2, { expectedVersion: 1 })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

it('a state of up to 1 KB costs 1 write unit first, and 2 for every other, the 51st version too', async () => {
  const { handler, spent } = startMeasured({ now: NOW });
  const data = { text: 'x'.repeat(800) };
  const costs: string[] = [];
  for (let i = 1; i <= 53; i++) {
    spent.length = 0;
    await put(handler, 'frugal', i, { data });
    costs.push(spent.join(' '));
  }
  const registration = 2;
  // A read, the version that is replaced, the state.
  expect(costs).toEqual([`${registration} 1 1`, ...Array.from({ length: 52 }, () => '1 1 1')]);
  const { Item } = await ownDocuments.send(
    new GetCommand({ TableName: tableName('state'), Key: { PK: 'agent:frugal', SK: 'STATE_VERSION#02' } }),
  );
  expect(Item).toMatchObject({ version: 52 });
  spent.length = 0;
  await historyOf(handler, 'frugal', { maxResults: '10' });
  // The current state and at most ten versions a page, 1 unit each.
  expect(Math.max(...spent)).toBeLessThanOrEqual(10);
});
