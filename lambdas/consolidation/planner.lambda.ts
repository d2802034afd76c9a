import { SQSClient } from '@aws-sdk/client-sqs';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import * as z from 'zod';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { runIdSchema, timestampSchema } from '../shared/schema/fields.ts';
import { metricNames } from '../shared/schema/metrics.ts';
import { composeRunRequests } from './compose-requests.ts';
import { RunPlanner } from './plan-run.ts';
import { RunLedger } from './run-ledger.ts';
import { scheduledRunId } from './run-requests.ts';
import { WorkQueue } from './work-queue.ts';

/** The event is from EventBridge Scheduler, or from the API, which has made the run already. */
const plannerInput = z.union([
  z.object({ scheduledTime: timestampSchema }),
  z.object({ runId: runIdSchema }),
]);

const environment = { STATE_TABLE: resourceName, WORK_QUEUE_URL: resourceName };

/** Throws on failure: the asynchronous invocation is retried, and ends in the dead-letter queue. */
export function createPlannerHandler(
  runtime: Runtime,
  env: EnvironmentOf<typeof environment>,
  sqs: SQSClient,
): BackgroundHandler<unknown, void> {
  const { logger, metrics } = runtime;
  const tables = openTables(runtime, env);
  const ledger = new RunLedger(tables.state);
  const registry = new AgentRegistry(tables.state);
  const planner = new RunPlanner(ledger, registry, new WorkQueue(sqs, env.WORK_QUEUE_URL));
  const requests = composeRunRequests(runtime, tables.state, registry);
  return createBackgroundHandler(runtime, async (event: unknown) => {
    const input = plannerInput.parse(event);
    let runId: string;
    if ('runId' in input) ({ runId } = input);
    else {
      runId = scheduledRunId(input.scheduledTime);
      if (await requests.scheduled(input.scheduledTime)) {
        metrics.addMetric(metricNames.consolidationRunsStarted, MetricUnit.Count, 1);
        metrics.publishStoredMetrics();
      }
    }
    const sent = await planner.plan(runId);
    logger.info('planned', { runId, sent });
  });
}

export const handler = createPlannerHandler(
  createRuntime('planner'),
  readEnvironment(environment),
  new SQSClient({}),
);
