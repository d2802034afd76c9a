import type { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { createTables } from '../../support/tables.ts';
import { createApi } from './support.ts';

beforeAll(() => createTables());

interface Spent {
  readonly command: string;
  readonly units: number;
  readonly bytes: number;
}

/** Asks every single-item write and query what it cost. */
const metered =
  (spent: Spent[]) =>
  (real: DynamoDBDocumentClient): DynamoDBDocumentClient =>
    new Proxy(real, {
      get: (target, name, receiver) =>
        name !== 'send'
          ? Reflect.get(target, name, receiver)
          : async (command: PutCommand) => {
              command.input.ReturnConsumedCapacity = 'INDEXES';
              const answer = await target.send(command);
              spent.push({
                command: command.constructor.name.replace('Command', ''),
                units: [answer.ConsumedCapacity ?? []]
                  .flat()
                  .reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0),
                bytes: command.input.Item ? itemBytes(command.input.Item) : 0,
              });
              return answer;
            },
    });

describe('what the database is paid', () => {
  const spent: Spent[] = [];
  const api = createApi({ documents: metered(spent) });
  const costOf = async (run: () => Promise<unknown>): Promise<Spent[]> => {
    spent.length = 0;
    await run();
    return [...spent];
  };
  const context = { market: { trend: 'up', price: 61_250.5, text: 'x'.repeat(400) } };
  const reasoning = { selected: ['a'], confidence: 0.5 };
  const decision = { context, reasoning, action: 'buy', sessionId: 'session-1', tags: ['live'] };

  it('for a decision of up to 1 KB: one put of 4 write units, and nothing else', async () => {
    const first = await costOf(() => api.log('frugal', decision));
    // who is active, and which day: noted once in five minutes
    expect(first.map(({ command }) => command)).toEqual(['Update', 'Update', 'Put']);
    const second = await costOf(() => api.log('frugal', decision));
    expect(second).toMatchObject([{ command: 'Put', units: 4 }]);
    expect(second[0]!.bytes).toBeGreaterThan(800);
    expect(second[0]!.bytes).toBeLessThanOrEqual(1024);
  });

  it('with a token still one put of 4', async () => {
    const cost = await costOf(() =>
      api.log('frugal', { ...decision, timestamp: '2026-03-01T11:00:00Z', clientToken: 'token' }),
    );
    expect(cost).toMatchObject([{ command: 'Put', units: 4 }]);
    expect(cost[0]!.bytes).toBeLessThanOrEqual(1024);
  });

  it('with a parent 5, the parent and the size of its chain read first', async () => {
    const { decisionId } = (await api.log('frugal', decision)).body;
    const cost = await costOf(() =>
      api.log('frugal', { ...decision, context: { text: 'x'.repeat(300) }, parent: { decisionId } }),
    );
    expect(cost.map(({ command }) => command)).toEqual(['Get', 'Query', 'Put']);
    expect(cost[2]).toMatchObject({ units: 5 });
    expect(cost[2]!.bytes).toBeLessThanOrEqual(1024);
  });

  it.each([3, 10])('for a decision of up to %i KB: its kilobytes and 3', async (kilobytes) => {
    const [cost] = await costOf(() =>
      api.log('frugal', { ...decision, context: { text: 'x'.repeat((kilobytes - 1) * 1024 + 200) } }),
    );
    expect(cost).toMatchObject({ command: 'Put', units: kilobytes + 3 });
  });

  it('for an outcome at most 5, and at most 3 when the status stays', async () => {
    const { decisionId } = (await api.log('frugal', { ...decision, context: { price: 1 } })).body;
    const put = (status: string, qualityScore: number) =>
      costOf(() => api.outcome('frugal', decisionId, { status, qualityScore, metrics: { returnPct: 1 } }));
    const units = [];
    for (const [status, score] of [
      ['success', 0.9],
      ['success', 0.8],
      ['failure', 0.1],
      ['failure', 0.2],
    ] as const) {
      const cost = await put(status, score);
      expect(cost.map(({ command }) => command)).toEqual(['Update']);
      units.push(cost[0]!.units);
    }
    expect(units[0]).toBeLessThanOrEqual(5);
    expect(units[1]).toBeLessThanOrEqual(3);
    expect(units[2]).toBeLessThanOrEqual(5);
    expect(units[3]).toBeLessThanOrEqual(3);
  });

  it('for the same outcome again nothing but a condition that fails, or elsewhere a read', async () => {
    const { decisionId } = (await api.log('frugal', { ...decision, context: { price: 1 } })).body;
    const outcome = { status: 'success', metrics: { returnPct: 1 } };
    await api.outcome('frugal', decisionId, outcome);
    // Commands that fail are not metered: DynamoDB charges them by the size of the item, here 1 unit.
    expect(await costOf(() => api.outcome('frugal', decisionId, outcome))).toEqual([]);
    const elsewhere = createApi({ documents: metered(spent) });
    const cold = await costOf(() => elsewhere.outcome('frugal', decisionId, outcome));
    expect(cold).toMatchObject([{ command: 'Get', units: 1 }]);
  });
});
