import { BatchWriteCommand, type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import { createConsolidationHandler } from '../../../lambdas/consolidation/consolidation.lambda.ts';
import type { FeatureWindows } from '../../../lambdas/cases/feature-windows.ts';
import { createPlannerHandler } from '../../../lambdas/consolidation/planner.lambda.ts';
import { createWorkerHandler, type WorkerEnvironment } from '../../../lambdas/consolidation/worker.lambda.ts';
import type { Decision, DecisionReference, OutcomeStatus } from '../../../lambdas/decisions/decision.ts';
import { toItem } from '../../../lambdas/decisions/table.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { call, lambdaContext } from '../../support/api.ts';
import { record } from '../../support/recordings.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

export interface QueuedMessage {
  readonly body: string;
  readonly group: string;
  readonly deduplicationId: string;
}

export const sqsEventOf = (messages: readonly QueuedMessage[], receiveCount = 1): SQSEvent =>
  ({
    Records: messages.map((message, i) => ({
      messageId: `message-${i}`,
      body: message.body,
      eventSource: 'aws:sqs',
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        MessageGroupId: message.group,
        MessageDeduplicationId: message.deduplicationId,
      },
    })),
  }) as unknown as SQSEvent;

/** Collects what the planner sends; `failAfter` batches it throws. */
export function fakeQueue(failAfter = Infinity) {
  const messages: QueuedMessage[] = [];
  let batches = 0;
  const client = {
    send: async ({ input }: SendMessageBatchCommand) => {
      record({ kind: 'command', service: 'planner', action: 'SendMessage', resource: 'queue' });
      if (++batches > failAfter) throw new Error('killed');
      for (const entry of input.Entries ?? []) {
        // What SQS takes as a group.
        if (!/^[!-~]{1,128}$/.test(entry.MessageGroupId!))
          throw Object.assign(new Error('MessageGroupId'), { name: 'InvalidParameterValue' });
        messages.push({
          body: entry.MessageBody!,
          group: entry.MessageGroupId!,
          deduplicationId: entry.MessageDeduplicationId!,
        });
      }
      return {};
    },
  } as unknown as SQSClient;
  return { client, messages };
}

/** Of a worker that works on this test file's tables. */
export const workerEnvironment = (): WorkerEnvironment => ({
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
  MAX_RECEIVE_COUNT: 3,
  MEMORY_CATEGORIES: defaultMemoryCategories,
});

export interface PipelineOptions {
  readonly now: string;
  readonly workerDocuments?: TestRuntimeOptions['documents'];
  readonly featureWindows?: FeatureWindows;
  /** @default one of its own */
  readonly bucket?: MemoryBucket;
}

/** API, planner and worker, wired as they are deployed; a run is over when `run` returns. */
export function createPipeline({ now, workerDocuments, featureWindows, ...rest }: PipelineOptions) {
  const bucket = rest.bucket ?? new MemoryBucket();
  const runtimes: Record<'api' | 'planner' | 'worker', TestRuntime> = {
    api: createTestRuntime('consolidation', { now }),
    planner: createTestRuntime('planner', { now }),
    worker: createTestRuntime('worker', { now, documents: workerDocuments }),
  };
  const queue = fakeQueue();
  const planner = createPlannerHandler(
    runtimes.planner,
    { STATE_TABLE: tableName('state'), WORK_QUEUE_URL: 'https://queue.test/work.fifo' },
    queue.client,
  );
  const invocations: unknown[] = [];
  const lambda = {
    send: async ({ input }: { input: { Payload: Uint8Array } }) => {
      record({ kind: 'command', service: 'consolidation', action: 'Invoke', resource: 'planner' });
      invocations.push(JSON.parse(Buffer.from(input.Payload).toString()));
      return {};
    },
  } as unknown as LambdaClient;
  const api = createConsolidationHandler(
    runtimes.api,
    { AUTH_MODE: 'iam', STATE_TABLE: tableName('state'), PLANNER_FUNCTION_NAME: 'planner' },
    lambda,
  );
  const store = bucket.store('worker');
  const worker = createWorkerHandler(
    runtimes.worker,
    { ...workerEnvironment(), ...(featureWindows && { FEATURE_WINDOWS: featureWindows }) },
    async () => store,
  );
  const work = async (receiveCount = 1): Promise<SQSBatchResponse[]> => {
    const answers: SQSBatchResponse[] = [];
    for (const message of queue.messages.splice(0))
      answers.push(await worker(sqsEventOf([message], receiveCount), lambdaContext));
    return answers;
  };
  const drain = async () => {
    for (const invocation of invocations.splice(0)) await planner(invocation, lambdaContext);
    return work();
  };
  return {
    api,
    planner,
    worker,
    queue,
    invocations,
    runtimes,
    work,
    drain,
    setTime: (time: string | Date) => Object.values(runtimes).forEach((runtime) => runtime.setTime(time)),
    /** Starts a run, works it off, and reads it back. */
    async run(body: { agentId?: string; asOf?: string }) {
      const { body: started } = await call(api, consolidationRoutes.startRun, { body });
      await drain();
      const { body: run } = await call(api, consolidationRoutes.getRun, {
        params: { runId: started.runId },
        query: { maxResults: '100' },
      });
      return run;
    },
  };
}

export interface DecisionSketch {
  readonly context: Record<string, unknown>;
  readonly status?: OutcomeStatus;
  readonly timestamp: string;
  readonly occurredAt?: string;
  readonly action?: string;
  readonly decisionType?: string;
  readonly metrics?: Record<string, number>;
  readonly triggeredBySignals?: string[];
  readonly patternsApplied?: string[];
  readonly patternsShown?: string[];
  readonly parent?: DecisionReference;
}

/** Decisions as their room stores them; ids are a function of their position. */
export function decisionsOf(
  agentId: string,
  sketches: readonly DecisionSketch[],
  loggedAt: string,
): Decision[] {
  return sketches.map((sketch, i) => {
    const { context, status, timestamp, action, triggeredBySignals, metrics, parent } = sketch;
    const { patternsApplied, patternsShown } = sketch;
    const decisionType = sketch.decisionType ?? 'SIGNAL_GENERATION';
    const bits = Buffer.alloc(10);
    bits.writeUInt32BE(i + 1, 6);
    return {
      agentId,
      decisionId: typedId(decisionType, new Date(timestamp), bits),
      decisionType,
      timestamp,
      context,
      status: status ?? 'pending',
      ...(action && { action }),
      ...(triggeredBySignals && { triggeredBySignals }),
      ...(patternsApplied && { reasoning: { patternsApplied } }),
      ...(patternsShown && { patternsShown }),
      ...(parent && { parent, root: parent }),
      ...(status && {
        outcome: {
          status,
          occurredAt: sketch.occurredAt ?? new Date(Date.parse(timestamp) + HOUR_MS).toISOString(),
          ...(metrics && { metrics }),
        },
      }),
      outcomeRevision: status ? 1 : 0,
      depth: 1,
      loggedAt,
    };
  });
}

export async function storeDecisions(
  documents: DynamoDBDocumentClient,
  decisions: readonly Decision[],
): Promise<void> {
  for (let start = 0; start < decisions.length; start += 25)
    await documents.send(
      new BatchWriteCommand({
        RequestItems: {
          [tableName('decisions')]: decisions
            .slice(start, start + 25)
            .map((decision) => ({ PutRequest: { Item: toItem(decision) } })),
        },
      }),
    );
}

/** Registers the agent and stores its decisions. */
export async function logDecisions(
  runtime: TestRuntime,
  agentId: string,
  sketches: readonly DecisionSketch[],
): Promise<Decision[]> {
  const decisions = decisionsOf(agentId, sketches, runtime.clock().toISOString());
  await new AgentRegistry(new Table(runtime.unrecorded, tableName('state'), runtime.clock)).noteActivity(
    agentId,
    [...new Set(decisions.map(({ decisionType }) => decisionType))],
  );
  await storeDecisions(runtime.unrecorded, decisions);
  return decisions;
}

/** 60 decisions over three days: an upward trend does well (27 of 30), a downward one does not (6 of 30). */
export function plantedRule(lastDay: string, count = 60): DecisionSketch[] {
  const start = Date.parse(lastDay) - 3 * 24 * HOUR_MS;
  return Array.from({ length: count }, (_, i) => {
    const up = i % 2 === 0;
    const k = Math.floor(i / 2) % 10;
    const success = up ? k !== 9 : k === 0 || k === 5;
    return {
      context: { market: { trend: up ? 'up' : 'down' }, asset: ['BTC', 'ETH', 'SOL'][i % 3]! },
      status: success ? ('success' as const) : ('failure' as const),
      timestamp: new Date(start + i * 1.1 * HOUR_MS).toISOString(),
      action: i % 4 < 2 ? 'buy' : 'hold',
      metrics: { pnl: success ? 1 : -1 },
    };
  });
}

type Item = Record<string, unknown>;

/** Every item of a partition. */
export async function partition(
  documents: DynamoDBDocumentClient,
  table: string,
  pk: string,
): Promise<Item[]> {
  const { Items } = await documents.send(
    new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'PK = :pk',
      ExpressionAttributeValues: { ':pk': pk },
    }),
  );
  return Items ?? [];
}

/** Everything the memory table holds of an agent's patterns, as one comparable value. */
export async function memoryOf(documents: DynamoDBDocumentClient, agentId: string): Promise<Item[]> {
  const patterns = await partition(documents, tableName('memory'), `agent:${agentId}#memory#PATTERN`);
  const histories = await Promise.all(
    patterns.map(({ SK }) => partition(documents, tableName('memory'), `history#${agentId}#${String(SK)}`)),
  );
  return [...patterns, ...histories.flat()];
}
