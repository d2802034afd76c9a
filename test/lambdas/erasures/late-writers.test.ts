import { beforeAll, describe, expect, it } from '@jest/globals';
import { type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { ErasedMarks } from '../../../lambdas/shared/erased-marks.ts';
import { createRelayHandler } from '../../../lambdas/relay/relay.lambda.ts';
import { MINUTE_MS } from '../../../lambdas/shared/platform/clock.ts';
import { call, lambdaContext } from '../../support/api.ts';
import { intercept, isWrite } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import {
  createPipeline,
  decisionsOf,
  logDecisions,
  partition,
  plantedRule,
  storeDecisions,
} from '../consolidation/pipeline.ts';
import { createMemoriesFixture } from '../memories/fixture.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createSummaries, createSweeper } from '../sessions/keeping.ts';
import { createErasurePipeline, everything, kindsOf, NOW } from './erasure-pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

const data = createUnrecordedRuntime({ now: NOW });
const marks = new ErasedMarks(new Table(data.documents, tableName('state'), data.clock));

/** What is left of an agent, but for what says that it was erased. */
const leftOf = async (agentId: string, bucket = createErasurePipeline().bucket): Promise<string[]> =>
  kindsOf((await everything(bucket)).filter((row) => row.includes(agentId))).filter(
    (kind) => !/^(state eras|memory feed STATE)/.test(kind),
  );

/** Lets go when told to. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('a nightly worker', () => {
  it('that had read an agent before it was erased has its writes removed again, and the run ends without it', async () => {
    await logDecisions(data, 'in-flight', plantedRule(NOW));
    const [reached, go] = [gate(), gate()];
    const pipeline = createPipeline({
      now: NOW,
      // It has read and mined everything when it comes to its first write.
      workerDocuments: intercept(async (command, pass) => {
        if (isWrite(command)) {
          reached.open();
          await go.opened;
        }
        return pass(command);
      }),
    });
    const { body: run } = await call(pipeline.api, consolidationRoutes.startRun, { body: {} });
    const night = pipeline.drain();
    await reached.opened;
    const patternsAtWaits: number[] = [];
    const erasures = createErasurePipeline({
      meanwhile: async () => {
        go.open();
        await night;
        const of = 'agent:in-flight#memory#PATTERN';
        patternsAtWaits.push((await partition(data.documents, tableName('memory'), of)).length);
      },
    });
    const erasure = await erasures.erase({ agentId: 'in-flight' });
    expect(erasure).toMatchObject({ status: 'SUCCEEDED', passes: 3, left: { memory: 0 } });
    // Both times as long as a planner can take, and each in two invocations.
    expect(erasures.waits.map((wait) => wait / MINUTE_MS)).toEqual([13, 3, 10, 6]);
    expect(patternsAtWaits.map((patterns) => patterns > 0)).toEqual([true, true, false, false]);
    expect(await leftOf('in-flight', erasures.bucket)).toEqual([]);
    const { body } = await call(pipeline.api, consolidationRoutes.getRun, { params: { runId: run.runId } });
    expect(body).toMatchObject({ status: 'SUCCEEDED', progress: { expected: 1, skipped: 1 } });
    expect(body.report.agents).toEqual([]);
  });

  it('does not begin on an agent that is being erased, or was after the run began; whoever comes back is new', async () => {
    const pipeline = createPipeline({ now: NOW });
    await logDecisions(data, 'phoenix', plantedRule(NOW));
    const { body: run } = await call(pipeline.api, consolidationRoutes.startRun, {
      body: { agentId: 'phoenix' },
    });
    await pipeline.planner(pipeline.invocations.shift(), lambdaContext);
    const [message] = pipeline.queue.messages;
    await marks.mark('phoenix');
    for (const end of [() => Promise.resolve(), () => marks.end('phoenix')]) {
      await end();
      pipeline.queue.messages.splice(0, Infinity, message!);
      await pipeline.work();
    }
    const { body } = await call(pipeline.api, consolidationRoutes.getRun, { params: { runId: run.runId } });
    expect(body).toMatchObject({ status: 'SUCCEEDED', progress: { skipped: 1 }, report: { agents: [] } });

    pipeline.setTime(new Date(Date.parse(NOW) + 1));
    const again = await pipeline.run({ agentId: 'phoenix' });
    expect(again.report.agents).toMatchObject([{ agentId: 'phoenix', result: 'CONSOLIDATED' }]);
  });
});

describe('what comes late', () => {
  it('of the streams is told to the bus, and remembered by nobody who is gone', async () => {
    const bus = {
      send: async () => ({ Entries: [{ EventId: '1' }, { EventId: '2' }] }),
    } as unknown as EventBridgeClient;
    const relay = createRelayHandler(
      createTestRuntime('relay', { now: NOW }),
      { STATE_TABLE: tableName('state'), EVENT_BUS_NAME: 'bus' },
      bus,
    );
    const delivered = (targetAgent: string) => ({
      eventName: 'INSERT',
      dynamodb: {
        SequenceNumber: '1',
        NewImage: marshall({
          PK: 'signal#NEWS',
          SK: `${NOW}#NEWS-01KJMMA2G00000000000000000#${targetAgent}`,
          sourceAgent: 'source',
          status: 'PENDING',
          ttl: 4e9,
        }),
      },
    });
    await marks.mark('deaf');
    await marks.end('deaf');
    const event = { Records: [delivered('deaf'), delivered('hears')] } as unknown as DynamoDBStreamEvent;
    expect(await relay(event, lambdaContext)).toEqual({ batchItemFailures: [] });
    expect(await partition(data.documents, tableName('state'), 'seen:deaf')).toEqual([]);
    expect(await partition(data.documents, tableName('state'), 'seen:hears')).toHaveLength(1);
  });

  it('of a session that was erased while its first summary was made, or while the sweep went on, is not kept', async () => {
    const sessions = createSessionsFixture({ now: NOW });
    const [summed, swept] = [await sessions.open('talker'), await sessions.open('talker', { userId: 'ada' })];
    const seqs = [1, 2, 3, 4, 5];
    for (const i of seqs) {
      await sessions.say('talker', summed, `Fact ${i}.`);
      await sessions.say('talker', swept, 'We will buy 0.1 BTC at Kraken.');
    }
    const erase = () => createErasurePipeline().erase({ agentId: 'talker' });
    let isErased = false;
    const slow = createSummaries(sessions.runtime, {
      documents: intercept(async (command, pass) => {
        if (command.constructor.name === 'PutCommand' && !isErased) {
          isErased = true;
          await erase();
        }
        return pass(command);
      }),
    });
    // The memory is down at the end: the insight is left to the sweep.
    const failing = createSessionsFixture({
      now: NOW,
      documents: intercept(async (command, pass) => {
        if (JSON.stringify(command).includes(tableName('memory'))) throw new Error('down');
        return pass(command);
      }),
    });
    expect((await failing.end('talker', swept)).status).toBe(200);
    const before = createSweeper(
      { ...sessions.runtime, clock: () => new Date(Date.parse(NOW) + 2 * MINUTE_MS) },
      {
        documents: intercept(async (command, pass) => {
          const answer = await pass(command);
          const page = (answer as { Items?: unknown[] }).Items;
          if (!isErased && command.constructor.name === 'QueryCommand' && page && page.length > 0)
            await slow('talker', summed, seqs);
          return answer;
        }),
      },
    );
    expect(await before()).toMatchObject({ failed: 0 });
    expect(isErased).toBe(true);
    expect(await leftOf('talker')).toEqual([]);
    // A worker that died after its put is asked again by the stream.
    await data.documents.send(
      new PutCommand({
        TableName: tableName('state'),
        Item: { PK: `session:talker#${summed}`, SK: 'TOP#SUMMARY', by: 'x', text: 'x', throughSeq: 1 },
      }),
    );
    await createSummaries(sessions.runtime)('talker', summed, seqs);
    expect(await leftOf('talker')).toEqual([]);
  });

  it('of a user’s session, when nothing lists it any more, is found all the same', async () => {
    const sessions = createSessionsFixture({ now: NOW });
    const memories = createMemoriesFixture({ now: NOW });
    const sessionId = await sessions.open('host', { userId: 'grace' });
    await logDecisions(data, 'host', plantedRule(NOW, 2));
    const [decision] = decisionsOf('host', plantedRule(NOW, 3).slice(2), NOW);
    let late = 0;
    const erasures = createErasurePipeline({
      meanwhile: async () => {
        if (late++ > 0) return;
        await storeDecisions(data.documents, [{ ...decision!, sessionId }]);
        await memories.save('host', { content: 'said in the end', provenance: { sessionId } });
      },
    });
    const erasure = await erasures.erase({ userId: 'grace' });
    expect(erasure).toMatchObject({ status: 'SUCCEEDED', passes: 3, removed: { decisions: 1, memory: 1 } });
    expect(await leftOf(sessionId, erasures.bucket)).toEqual([]);
  });

  it('of reads that an instance has counted is forgotten with the agent', async () => {
    const fixture = createMemoriesFixture({ now: NOW });
    await fixture.save('much-read', { content: 'read me often' });
    await fixture.search('much-read', { query: 'often' });
    const erasures = createErasurePipeline();
    await erasures.erase({ agentId: 'much-read' });
    fixture.runtime.advance(61_000);
    await fixture.register('somebody');
    await fixture.search('somebody', { query: 'often' });
    expect(await leftOf('much-read')).toEqual([]);
  });
});
