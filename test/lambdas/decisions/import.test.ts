import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { DecisionImport } from '../../../lambdas/decisions/decision-import.ts';
import { ChangedDays } from '../../../lambdas/decisions/changed-days.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { createUnrecordedRuntime, type TestRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const importOf = (runtime: TestRuntime, documents = runtime.documents) =>
  new DecisionImport(
    new Table(documents, tableName('decisions'), runtime.clock),
    new AgentRegistry(new Table(documents, tableName('state'), runtime.clock)),
    new ChangedDays(new Table(documents, tableName('state'), runtime.clock)),
  );

const decisionAt = (hours: number, more: Record<string, unknown> = {}) => ({
  decisionType: 'TRADE_EXECUTION',
  timestamp: hoursAgo(hours),
  context: { market: { trend: 'up' } },
  action: 'buy',
  clientToken: `order-${hours}`,
  ...more,
});

describe('importing decisions', () => {
  beforeAll(() => createTables());
  const api = createApi();
  const runtime = createUnrecordedRuntime({ now: NOW });

  it('writes what the route would have written: under the same id, in every list, on the profile', async () => {
    const outcome = { status: 'success', metrics: { pnl: 2 } };
    const decision = decisionAt(1, { outcome, tags: ['a'] });
    const added = await importOf(runtime).add([{ agentId: 'imported', decision }]);
    const logged = await api.log('logged', decision);
    expect(added).toEqual([{ status: 'added' }]);
    const again = await api.log('imported', decision);
    const strip = ({ decisionId: _, agentId: __, ...rest }: Record<string, unknown>) => rest;
    expect(strip(again.body)).toEqual(strip(logged.body));
    expect((await api.get('imported', again.body.decisionId)).body.outcome).toEqual({
      ...outcome,
      occurredAt: decision.timestamp,
    });
    for (const query of [{}, { outcome: 'success' }, { decisionType: 'TRADE_EXECUTION' }] as Record<
      string,
      string
    >[])
      expect((await api.list('imported', query)).body.items).toHaveLength(1);
    const registry = new AgentRegistry(new Table(runtime.documents, tableName('state'), runtime.clock));
    expect(await registry.decisionTypes('imported')).toEqual(['TRADE_EXECUTION']);
  });

  it('leaves what is there, with the outcome it has got since', async () => {
    const rows = [{ agentId: 'twice', decision: decisionAt(2) }];
    await importOf(runtime).add(rows);
    const { decisionId } = (await api.list('twice')).body.items[0];
    await api.outcome('twice', decisionId, { status: 'failure' });
    expect(await importOf(runtime).add(rows)).toEqual([{ status: 'present' }]);
    expect((await api.get('twice', decisionId)).body.status).toBe('failure');
  });

  it('adds a row that comes twice once, in a batch and in batches at the same time, and refuses another of its id', async () => {
    const row = { agentId: 'same', decision: decisionAt(3) };
    const other = { agentId: 'same', decision: decisionAt(3, { action: 'sell' }) };
    const loader = importOf(runtime);
    const [first, second] = await Promise.all([loader.add([row, row, other]), loader.add([row, other])]);
    const refused = { status: 'rejected', reason: expect.stringContaining('this id') };
    expect(first).toEqual([{ status: 'added' }, { status: 'present' }, refused]);
    expect(second).toEqual([{ status: 'present' }, refused]);
  });

  it('finds its rows among many others of the same time, and does not read all of these', async () => {
    const others = Array.from({ length: 90 }, (_, i) => ({
      agentId: 'among',
      decision: decisionAt(100 + i),
    }));
    await importOf(runtime).add(others);
    const rows = Array.from({ length: 15 }, (_, i) => ({
      agentId: 'among',
      decision: decisionAt(100 + 6 * i, { clientToken: `mine-${i}` }),
    }));
    const loader = importOf(runtime);
    expect(await loader.add(rows)).toEqual(rows.map(() => ({ status: 'added' })));
    expect(await loader.add(rows)).toEqual(rows.map(() => ({ status: 'present' })));
    expect(await loader.add(others)).toEqual(others.map(() => ({ status: 'present' })));
  });

  it('refuses a bad row alone, with the field it is bad at', async () => {
    const bad = {
      decisionType: decisionAt(4, { decisionType: 'lower' }),
      timestamp: { ...decisionAt(4), timestamp: undefined },
      clientToken: { ...decisionAt(4), clientToken: undefined },
      parent: decisionAt(4, { parent: { decisionId: 'TRADE_EXECUTION-01KJMDZV20R6BZ1E7J5C4D8QXT' } }),
      'outcome.occurredAt': decisionAt(4, { outcome: { status: 'success', occurredAt: hoursAgo(5) } }),
      'context.a': decisionAt(4, { context: { a: { '': 1 } } }),
    };
    const rows = [...Object.values(bad), decisionAt(4)].map((decision) => ({ agentId: 'refused', decision }));
    const results = await importOf(runtime).add([...rows, { agentId: 'not an id', decision: decisionAt(4) }]);
    for (const [i, field] of [...Object.keys(bad), undefined, 'agentId'].entries())
      expect(results[i]).toEqual(
        field === undefined
          ? { status: 'added' }
          : { status: 'rejected', reason: expect.stringMatching(new RegExp(`^${field}`)) },
      );
    expect((await api.list('refused')).body.items).toHaveLength(1);
  });

  it('writes over what has expired, and writes what DynamoDB left unprocessed', async () => {
    const later = createUnrecordedRuntime({ now: new Date(Date.parse(NOW) + 91 * DAY_MS).toISOString() });
    const rows = Array.from({ length: 30 }, (_, i) => ({ agentId: 'late', decision: decisionAt(10 + i) }));
    await importOf(runtime).add(rows);
    let held = 0;
    const send = later.documents.send.bind(later.documents) as (command: unknown) => Promise<unknown>;
    const partial = new Proxy(later.documents, {
      get: (target, name) =>
        name !== 'send'
          ? (Reflect.get(target, name) as unknown)
          : (command: BatchWriteCommand) => {
              const [table, requests] = Object.entries(command.input.RequestItems ?? {})[0] ?? ['', []];
              if (!(command instanceof BatchWriteCommand) || requests.length < 25) return send(command);
              held++;
              return send(new BatchWriteCommand({ RequestItems: { [table]: requests.slice(0, 5) } })).then(
                () => ({
                  UnprocessedItems: { [table]: requests.slice(5) },
                }),
              );
            },
    });
    const results = await importOf(later, partial).add(rows);
    expect(results).toEqual(rows.map(() => ({ status: 'added' })));
    expect(held).toBe(1);
    expect(await importOf(later).add(rows)).toEqual(rows.map(() => ({ status: 'present' })));
  });
});
