import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { exposureRoutes } from '../../../lambdas/exposures/contract.ts';
import { ExposureLog } from '../../../lambdas/exposures/exposure-log.ts';
import { exposureKey } from '../../../lambdas/exposures/table.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { randomPart } from '../../../lambdas/shared/platform/ids.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { call } from '../../support/api.ts';
import { alwaysThrows, faults, intercept } from '../../support/faults.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, partition, plantedRule } from '../consolidation/pipeline.ts';
import { createApi, handlerOf as decisionsHandlerOf, NOW } from '../decisions/support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const agentId = 'hunter';
const puts: { readonly units: number; readonly bytes: number }[] = [];
const metered = intercept(async (command, pass) => {
  const { input } = command as { input: { Item?: Record<string, unknown>; ReturnConsumedCapacity?: string } };
  if (input.Item) input.ReturnConsumedCapacity = 'TOTAL';
  const answer = (await pass(command)) as { ConsumedCapacity?: { CapacityUnits: number } };
  if (input.Item) puts.push({ units: answer.ConsumedCapacity!.CapacityUnits, bytes: itemBytes(input.Item) });
  return answer;
}) as (real: DynamoDBDocumentClient) => DynamoDBDocumentClient;

const runtime = createTestRuntime('patterns', { now: NOW, documents: metered });
const patterns = createPatternsHandler(runtime, {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
});
const decisions = createApi({ documents: metered });

const match = async (trend: string, more: object = {}, agent = agentId) => {
  const context = { market: { trend } };
  const body = { decisionType: 'SIGNAL_GENERATION', context, ...more };
  return (await call(patterns, patternRoutes.matchPatterns, { params: { agentId: agent }, body })).body;
};
const stored = () => partition(runtime.unrecorded, tableName('state'), `exposures:${agentId}`);

beforeAll(async () => {
  await createTables();
  const data = createUnrecordedRuntime({ now: NOW });
  await logDecisions(data, agentId, plantedRule(NOW));
  await createPipeline({ now: NOW }).run({ agentId });
});

describe('what an agent was shown', () => {
  it('is recorded for one write unit, and named by the answer', async () => {
    puts.length = 0;
    const { items, exposureId } = await match('up');
    expect(items).toHaveLength(1);
    expect(exposureId).toMatch(/^EXPOSURE-[0-9A-Z]{26}$/);
    expect(puts).toMatchObject([{ units: 1 }]);
    expect(puts[0]!.bytes).toBeLessThan(300);
    expect(await stored()).toEqual([
      expect.objectContaining({
        SK: `${NOW}#${exposureId}`,
        kind: 'match',
        patterns: { [items[0].patternId]: 1 },
      }),
    ]);
  });

  it('leaves nothing behind when it was nothing, or the agent is only looking', async () => {
    const before = await stored();
    expect(await match('sideways')).toEqual({ items: [], exposureId: null });
    const looking = await match('up', { record: false });
    expect(looking).toMatchObject({ items: [{}], exposureId: null });
    expect(await stored()).toEqual(before);
  });
});

describe('reading an exposure', () => {
  const read = (agent: string, exposureId: string, documents?: TestRuntimeOptions['documents'], now = NOW) =>
    call(decisionsHandlerOf(createTestRuntime('decisions', { now, documents })), exposureRoutes.getExposure, {
      params: { agentId: agent, exposureId },
    });

  it('tells what was shown and when, for one read unit', async () => {
    const { items, exposureId } = await match('up');
    const units: number[] = [];
    const measured = intercept(async (command, pass) => {
      (command as { input: { ReturnConsumedCapacity?: string } }).input.ReturnConsumedCapacity = 'TOTAL';
      const answer = (await pass(command)) as { ConsumedCapacity: { CapacityUnits: number }[] };
      units.push(...answer.ConsumedCapacity.map(({ CapacityUnits }) => CapacityUnits));
      return answer;
    });
    const { status, body } = await read(agentId, exposureId, measured);
    expect(status).toBe(200);
    expect(body).toEqual({
      agentId,
      exposureId,
      kind: 'match',
      timestamp: NOW,
      patterns: [{ patternId: items[0].patternId, version: 1 }],
      memories: [],
      decisions: [],
      sessions: [],
      signals: [],
    });
    expect(units).toEqual([1]);
  });

  it('tells all kinds of things that a context showed', async () => {
    const log = new ExposureLog(new Table(runtime.unrecorded, tableName('state'), runtime.clock));
    const shown = {
      patterns: {},
      memories: ['M-1'],
      decisions: ['D-1'],
      sessions: ['S-1'],
      signals: ['A-1'],
    };
    const { exposureId } = await log.record(agentId, 'context', shown, randomPart);
    expect((await read(agentId, exposureId)).body).toMatchObject({ ...shown, kind: 'context', patterns: [] });
  });

  it("does not find another agent's, nor what never was; what is past its time is gone", async () => {
    const { exposureId } = await match('up');
    const never = 'EXPOSURE-01KJMDZV20R6BZ1E7J5C4D8QXT';
    for (const [agent, id] of [
      ['trader', exposureId],
      [agentId, never],
      [agentId, 'exposure-1'],
      [agentId, never.replace('EXPOSURE', 'RISK_ASSESSMENT')],
    ] as const)
      expect((await read(agent, id)).body.error.code).toBe('NotFound');
    const at = (milliseconds: number) => new Date(Date.parse(NOW) + milliseconds).toISOString();
    expect((await read(agentId, exposureId, undefined, at(95 * DAY_MS - 1))).status).toBe(200);
    for (const id of [exposureId, 'EXPOSURE-01JZZZZZZZZZZZZZZZZZZZZZZZ']) {
      const { status, body } = await read(agentId, id, undefined, at(95 * DAY_MS));
      expect([status, body.error.code]).toEqual([410, 'Gone']);
      expect(body.error.message).toContain('expired, or was never recorded');
    }
  });

  it.each(faults)('answers %s when the table does, and tells no more', async (code, error) => {
    const { body } = await read(agentId, 'EXPOSURE-01KJMDZV20R6BZ1E7J5C4D8QXT', alwaysThrows(error));
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('needs an identity, and an id that can be one', async () => {
    const handler = decisionsHandlerOf(createTestRuntime('decisions', { now: NOW }));
    const params = { agentId, exposureId: 'a#b' };
    expect((await call(handler, exposureRoutes.getExposure, { params })).body.error).toMatchObject({
      code: 'ValidationFailed',
      issues: [{ path: 'exposureId' }],
    });
    const unsigned = { params: { agentId, exposureId: 'EXPOSURE-1' }, caller: null };
    expect((await call(handler, exposureRoutes.getExposure, unsigned)).body.error.code).toBe('Forbidden');
  });
});

describe('a decision that names its exposure', () => {
  it('says which patterns were in view, and says it again when it is repeated', async () => {
    const { items, exposureId } = await match('up');
    const body = { exposureId, timestamp: NOW, clientToken: 'once', decisionType: 'SIGNAL_GENERATION' };
    await decisions.log(agentId, { decisionType: 'SIGNAL_GENERATION' }); // the hour's activity is noted
    puts.length = 0;
    const first = await decisions.log(agentId, body);
    expect(puts).toMatchObject([{ units: 4 }]);
    expect(first.body).toMatchObject({ exposureId, patternsShown: [items[0].patternId] });
    expect((await decisions.get(agentId, first.body.decisionId)).body).toEqual(first.body);
    expect((await decisions.log(agentId, body)).body).toEqual(first.body);
    // and also when the exposure is gone by then
    await runtime.unrecorded.send(
      new DeleteCommand({ TableName: tableName('state'), Key: exposureKey(agentId, exposureId)! }),
    );
    expect((await decisions.log(agentId, body)).body).toEqual(first.body);
  });

  it("is refused when there is none of that id: another agent's, an old one, anything else", async () => {
    const { exposureId } = await match('up');
    const refused = async (agent: string, id: string, api = decisions) =>
      (await api.log(agent, { exposureId: id })).body.error;
    expect(await refused('trader', exposureId)).toMatchObject({
      code: 'ValidationFailed',
      issues: [{ path: 'exposureId' }],
    });
    expect(await refused(agentId, 'EXPOSURE-01KJMDZV20R6BZ1E7J5C4D8QXT')).toMatchObject({
      issues: [{ path: 'exposureId' }],
    });
    expect(await refused(agentId, 'exposure-1')).toMatchObject({ issues: [{ path: 'exposureId' }] });
    const late = createApi();
    late.runtime.advance(95 * DAY_MS);
    expect(await refused(agentId, exposureId, late)).toMatchObject({ issues: [{ path: 'exposureId' }] });
  });
});
