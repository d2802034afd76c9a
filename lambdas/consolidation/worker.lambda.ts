import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { featureWindows } from '../cases/feature-windows.ts';
import { memoryCategories } from '../memories/categories.ts';
import { patternLifecycle } from '../patterns/lifecycle/lifecycle-settings.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { logLines, metricNames } from '../shared/schema/metrics.ts';
import { composeTaskRunner } from './compose.ts';
import type { AgentReport } from './contract.ts';
import { taskSchema } from './work-queue.ts';

const environment = {
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  /** Receives after which the queue moves a message to the dead-letter queue. */
  MAX_RECEIVE_COUNT: z.coerce.number().int().min(1),
  FEATURE_WINDOWS: featureWindows,
  PATTERN_LIFECYCLE: patternLifecycle,
  MEMORY_CATEGORIES: memoryCategories,
};
type Environment = EnvironmentOf<typeof environment>;
type Tuning = 'FEATURE_WINDOWS' | 'PATTERN_LIFECYCLE';
/** @default for the tuning: 4 h for signals and 24 h for sequences; defaultLifecycleSettings */
export type WorkerEnvironment = Omit<Environment, Tuning> & Partial<Pick<Environment, Tuning>>;

/** One message is one agent or one pool. A message that fails delays later messages of its own agent only. */
export function createWorkerHandler(
  runtime: Runtime,
  env: WorkerEnvironment,
  openStore: OpenStore,
): BackgroundHandler<SQSEvent, SQSBatchResponse> {
  const { logger, metrics } = runtime;
  const settings = {
    featureWindows: env.FEATURE_WINDOWS,
    lifecycle: env.PATTERN_LIFECYCLE,
    memoryCategories: env.MEMORY_CATEGORIES,
  };
  const runner = composeTaskRunner(runtime, openTables(runtime, env), settings, openStore);
  const processor = new SqsFifoPartialProcessorAsync();

  const addMetrics = ({ totals, types }: AgentReport, retired: number): void => {
    metrics.addMetric(metricNames.patternsPromoted, MetricUnit.Count, totals.promoted);
    metrics.addMetric(metricNames.patternsUpdated, MetricUnit.Count, totals.updated);
    metrics.addMetric(metricNames.patternsRetired, MetricUnit.Count, retired);
    for (const { confidence } of types)
      if (confidence != null) metrics.addMetric(metricNames.patternConfidence, MetricUnit.NoUnit, confidence);
  };

  const handle = async (record: SQSRecord): Promise<void> => {
    const task = taskSchema.parse(JSON.parse(record.body));
    const lastTry = Number(record.attributes.ApproximateReceiveCount) >= env.MAX_RECEIVE_COUNT;
    try {
      const report = await runner.run(task, lastTry);
      if (!report) return logger.info('already done', { ...task });
      const { types, ...figures } = report;
      const retired = types.reduce((sum, type) => sum + (type.retired ?? 0), 0);
      if (!report.dryRun) addMetrics(report, retired);
      logger.info(logLines.consolidated, { ...task, ...figures, retired });
    } catch (error) {
      if (lastTry) metrics.addMetric(metricNames.agentConsolidationsFailed, MetricUnit.Count, 1);
      logger.error('consolidation failed', { ...task, lastTry, error: error as Error });
      throw error;
    }
  };

  return createBackgroundHandler(runtime, async (event: SQSEvent, context) => {
    try {
      return await processPartialResponse(event, handle, processor, {
        context,
        skipGroupOnError: true,
        throwOnFullBatchFailure: false,
      });
    } finally {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    }
  });
}

const env = readEnvironment({ ...environment, ...archiveEnvironment });
export const handler = createWorkerHandler(createRuntime('worker'), env, archiveStore(env));
