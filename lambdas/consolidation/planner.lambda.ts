import { SQSClient } from '@aws-sdk/client-sqs';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { runIdSchema, timestampSchema } from '../shared/schema/fields.ts';
import { metricNames } from '../shared/schema/metrics.ts';
import { RunLedger } from './run-ledger.ts';
import { RunPlanning } from './plan-run.ts';
import { RunRequests, scheduledRunId } from './run-requests.ts';
import { WorkQueue } from './work-queue.ts';

/** From EventBridge Scheduler, or from the API, which has made the run already. */
const plannerInput = z.union([
  z.object({ scheduledTime: timestampSchema }),
  z.object({ runId: runIdSchema }),
]);

const environment = { STATE_TABLE: resourceName, WORK_QUEUE_URL: resourceName };
type PlannerEnvironment = { readonly STATE_TABLE: string; readonly WORK_QUEUE_URL: string };

/** Throws what fails: the asynchronous invocation is retried, and ends in the dead-letter queue. */
export function createPlannerHandler(
  runtime: Runtime,
  env: PlannerEnvironment,
  sqs: SQSClient,
): (event: unknown, context: Context) => Promise<void> {
  const { clock, randomPart, logger, metrics } = runtime;
  const tables = openTables(runtime, env);
  const ledger = new RunLedger(tables.state);
  const registry = new AgentRegistry(tables.state);
  const planning = new RunPlanning(ledger, registry, new WorkQueue(sqs, env.WORK_QUEUE_URL));
  const requests = new RunRequests(ledger, registry, clock, randomPart);
  return async (event, context) => {
    runtime.deadline.start(context.getRemainingTimeInMillis());
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
    const sent = await planning.plan(runId);
    logger.info('planned', { runId, sent });
  };
}

export const handler = createPlannerHandler(
  createRuntime('planner'),
  readEnvironment(environment),
  new SQSClient({}),
);
