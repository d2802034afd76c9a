import { availableParallelism } from 'node:os';
import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import { Archive } from '../archive/archive.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { AccessCounts } from '../memories/access-counts.ts';
import { AgentAgeing } from '../memories/ageing/agent-ageing.ts';
import { AgeingWrites } from '../memories/ageing/ageing-writes.ts';
import { defaultAgeingSettings } from '../memories/ageing/settings.ts';
import { memoryCategories } from '../memories/categories.ts';
import { MemoryFeed } from '../memories/memory-feed.ts';
import { MemoryRecords } from '../memories/memory-records.ts';
import { SHARED_MEMORIES } from '../memories/memory-sharing.ts';
import { composeOfferedPatterns } from '../patterns/compose.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import { OfferVerdictStore } from '../patterns/offer-verdict-store.ts';
import { DayResults } from '../results/day-results.ts';
import { NightlyRollup } from '../results/nightly-rollup.ts';
import { RollupStore } from '../results/rollup-store.ts';
import { ChangedDays } from '../decisions/changed-days.ts';
import { meterCapacity } from '../shared/dynamodb/capacity-meter.ts';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { logLines, metricNames } from '../shared/schema/metrics.ts';
import { Sharing } from '../sharing/sharing.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { AgentConsolidation } from './consolidate-agent.ts';
import { countOnThreads } from './counting-threads.ts';
import { type FeatureWindows, featureWindows, miningSettings } from '../cases/feature-windows.ts';
import { KnownPools } from './known-pools.ts';
import { type LifecycleSettings, patternLifecycle } from '../patterns/lifecycle/lifecycle-settings.ts';
import { OfferReviews } from '../patterns/lifecycle/offer-review.ts';
import { PooledConsolidation } from './consolidate-pool.ts';
import { RunLedger } from './run-ledger.ts';
import { TaskRunner } from './task-runner.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { taskSchema } from './work-queue.ts';

const environment = {
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  MAX_RECEIVE_COUNT: z.coerce.number().int().min(1),
  FEATURE_WINDOWS: featureWindows,
  PATTERN_LIFECYCLE: patternLifecycle,
  MEMORY_CATEGORIES: memoryCategories,
  ...archiveEnvironment,
};
export interface WorkerEnvironment {
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  /** Receives after which the queue gives a message to the dead-letter queue. */
  readonly MAX_RECEIVE_COUNT: number;
  /** @default 4 h for signals, 24 h for sequences */
  readonly FEATURE_WINDOWS?: FeatureWindows;
  /** @default defaultLifecycleSettings */
  readonly PATTERN_LIFECYCLE?: LifecycleSettings;
  readonly MEMORY_CATEGORIES: MemoryCategories;
}

/** One message, one agent or one pool. A message that fails keeps the later ones of its agent waiting, and nobody else's. */
export function createWorkerHandler(
  runtime: Runtime,
  env: WorkerEnvironment,
  openStore: OpenStore,
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const { documents, clock, logger, metrics, randomPart } = runtime;
  const tables = openTables(runtime, env);
  const settings = miningSettings(env.FEATURE_WINDOWS);
  const consumed = meterCapacity(documents);
  const registry = new AgentRegistry(tables.state);
  const decisions = new DecisionWindow(tables.decisions);
  const cases = new WindowCases(decisions, new SeenSignals(tables.state), settings);
  const store = new PatternStore(tables.memory);
  const count = countOnThreads({
    // In the bundle both files stand side by side; see lib/constructs/bundle.ts.
    file: new URL('./counting-thread.mjs', import.meta.url),
    threads: availableParallelism(),
    onFailure: (error) => logger.warn('a counting thread failed, its share was counted here', { error }),
  });
  const verdicts = new OfferVerdictStore(tables.memory);
  const reviews = new OfferReviews(composeOfferedPatterns(tables), verdicts);
  const lifecycle = env.PATTERN_LIFECYCLE;
  const options = { count, lifecycle };
  const consolidation = new AgentConsolidation(registry, cases, store, reviews, clock, consumed, options);
  const pools = new KnownPools(tables.state);
  const pooled = new PooledConsolidation({ registry, cases, store, pools }, clock, consumed, lifecycle);
  const erased = new ErasedMarks(tables.state);
  const ledger = new RunLedger(tables.state);
  const ageing = new AgentAgeing(
    {
      records: new MemoryRecords(tables.memory),
      writes: new AgeingWrites(tables.memory),
      feed: new MemoryFeed(tables.memory, randomPart),
      sharing: new Sharing(tables.memory, SHARED_MEMORIES),
      archive: new Archive(openStore, clock),
      accesses: new AccessCounts(tables.memory, randomPart, erased),
    },
    { ...defaultAgeingSettings, categories: env.MEMORY_CATEGORIES },
  );
  const rollup = new NightlyRollup(
    new ChangedDays(tables.state),
    new DayResults(registry, decisions),
    new RollupStore(tables.memory),
    clock,
  );
  const work = { rollup, consolidation, ageing, pooled };
  const runner = new TaskRunner(ledger, erased, work, clock, consumed);
  const processor = new SqsFifoPartialProcessorAsync();

  const handle = async (record: SQSRecord): Promise<void> => {
    const task = taskSchema.parse(JSON.parse(record.body));
    const lastTry = Number(record.attributes.ApproximateReceiveCount) >= env.MAX_RECEIVE_COUNT;
    try {
      const report = await runner.run(task, lastTry);
      if (!report) return logger.info('already done', { ...task });
      const { types, ...figures } = report;
      const { dryRun, totals } = figures;
      const retired = types.reduce((sum, type) => sum + (type.retired ?? 0), 0);
      if (!dryRun) {
        metrics.addMetric(metricNames.patternsPromoted, MetricUnit.Count, totals.promoted);
        metrics.addMetric(metricNames.patternsUpdated, MetricUnit.Count, totals.updated);
        metrics.addMetric(metricNames.patternsRetired, MetricUnit.Count, retired);
        for (const { confidence } of types)
          if (confidence != null)
            metrics.addMetric(metricNames.patternConfidence, MetricUnit.NoUnit, confidence);
      }
      logger.info(logLines.consolidated, { ...task, ...figures, retired });
    } catch (error) {
      if (lastTry) metrics.addMetric(metricNames.agentConsolidationsFailed, MetricUnit.Count, 1);
      logger.error('consolidation failed', { ...task, lastTry, error: error as Error });
      throw error;
    }
  };

  return async (event, context) => {
    logger.addContext(context);
    runtime.deadline.start(context.getRemainingTimeInMillis());
    try {
      return await processPartialResponse(event, handle, processor, {
        context,
        skipGroupOnError: true,
        throwOnFullBatchFailure: false,
      });
    } finally {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    }
  };
}

const env = readEnvironment(environment);
export const handler = createWorkerHandler(createRuntime('worker'), env, archiveStore(env));
