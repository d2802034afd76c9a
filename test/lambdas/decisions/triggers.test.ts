import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { deliveryKey } from '../../../lambdas/signals/table.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

const signal = (n: number) => typedId('WHALE_ACTIVITY', new Date(hoursAgo(1)), new Uint8Array(10).fill(n));

describe('the signals that triggered a decision', () => {
  const api = createApi();
  const deliver = (signalId: string, agentId: string) =>
    api.runtime.unrecorded.send(
      new PutCommand({
        TableName: tableName('signals'),
        Item: { ...deliveryKey(signalId, agentId), ttl: Date.parse(NOW) / 1000 + 60 },
      }),
    );

  it('were delivered to the agent: the delivery proves it at once, the seen row afterwards', async () => {
    const seen = new SeenSignals(new Table(api.runtime.unrecorded, tableName('state'), api.runtime.clock));
    await deliver(signal(1), 'hunter');
    await seen.remember('hunter', signal(2));
    const triggeredBySignals = [signal(1), signal(2), signal(1)];
    const { body } = await api.log('hunter', { triggeredBySignals });
    expect(body.triggeredBySignals).toEqual(triggeredBySignals);
  });

  it('that went to somebody else, or have expired unseen, are refused', async () => {
    await deliver(signal(3), 'hunter');
    const { body } = await api.log('trader', { triggeredBySignals: [signal(3)] });
    expect(body.error.issues).toMatchObject([{ path: 'triggeredBySignals.0' }]);
    api.runtime.advance(61_000);
    const late = await api.log('hunter', { triggeredBySignals: [signal(2), signal(3)] });
    expect(late.body.error.issues).toMatchObject([{ path: 'triggeredBySignals.1' }]);
  });
});
