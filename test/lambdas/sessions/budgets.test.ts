import { beforeAll, describe, expect, it } from '@jest/globals';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { summaryToItem } from '../../../lambdas/sessions/table.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { toTtl } from '../../../lambdas/shared/platform/clock.ts';
import { intercept } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSessionsFixture } from './fixture.ts';

interface Spent {
  readonly command: string;
  readonly units: number;
}

/** A fixture that knows what each of its calls consumed. */
function meteredFixture() {
  const spent: Spent[] = [];
  const documents: (real: DynamoDBDocumentClient) => DynamoDBDocumentClient = intercept(
    async (command, pass) => {
      (command as { input: Record<string, unknown> }).input['ReturnConsumedCapacity'] = 'TOTAL';
      const answer = (await pass(command)) as { ConsumedCapacity?: { CapacityUnits: number } };
      spent.push({ command: command.constructor.name, units: answer.ConsumedCapacity?.CapacityUnits ?? 0 });
      return answer;
    },
  );
  return { ...createSessionsFixture({ documents }), spent: () => spent.splice(0) };
}

/** With keys and attributes just under 1 KB as stored. */
const oneKilobyte = 'x'.repeat(865);

beforeAll(() => createTables());

describe('what sessions cost', () => {
  it('a message of 1 KB is 2 write units, with a token too', async () => {
    const { open, append, spent } = meteredFixture();
    const sessionId = await open('budget', { userId: 'ada', topic: 'BTC-USD' });
    spent();
    for (const token of [undefined, 'a', 'b']) {
      await append('budget', sessionId, { role: 'user', content: oneKilobyte, clientToken: token });
      expect(spent()).toEqual([
        { command: 'UpdateCommand', units: 1 },
        { command: 'PutCommand', units: 1 },
      ]);
    }
  });

  it('forgetting old tokens is one write unit for every 16 messages with a token, and the head stays below 1 KB', async () => {
    const { open, append, spent } = meteredFixture();
    const sessionId = await open('budget', { userId: 'ada', topic: 'BTC-USD' });
    spent();
    for (let i = 0; i < 64; i++)
      await append('budget', sessionId, { role: 'user', content: 'hi', clientToken: `t${i}` });
    const units = spent();
    expect(new Set(units.map((one) => one.units))).toEqual(new Set([1]));
    expect(units.length).toBeLessThanOrEqual(64 * 2 + 4);
  });

  it('resuming 8 messages of 1 KB and a summary of 2 KB is one query of 3 read units', async () => {
    const { open, say, resume, spent, runtime } = meteredFixture();
    const sessionId = await open('budget', { userId: 'ada', topic: 'BTC-USD' });
    for (let i = 0; i < 9; i++) await say('budget', sessionId, oneKilobyte);
    const summary = summaryToItem(
      { agentId: 'budget', sessionId },
      {
        content: { by: 'test', text: 'x'.repeat(1_800) },
        throughSeq: 1,
        updatedAt: runtime.clock().toISOString(),
      },
      toTtl(runtime.clock().getTime() + 1e9),
    );
    expect(itemBytes(summary)).toBeGreaterThan(1_900);
    expect(itemBytes(summary)).toBeLessThanOrEqual(2_048);
    await runtime.unrecorded.send(new PutCommand({ TableName: tableName('state'), Item: summary }));
    spent();
    const { body } = await resume('budget', sessionId);
    expect(body.messages).toHaveLength(8);
    expect(body.summary.throughSeq).toBe(1);
    expect(spent()).toEqual([{ command: 'QueryCommand', units: 3 }]);
  });
});
