import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { exposureKey } from '../../../lambdas/exposures/table.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import { DAY_MS } from '../../../lambdas/shared/platform/clock.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { call } from '../../support/api.ts';
import { intercept } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, partition, plantedRule } from '../consolidation/pipeline.ts';
import { createApi, NOW } from '../decisions/support.ts';

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
