import { randomUUID } from 'node:crypto';
import { defaultMemoryCategories } from '../../lambdas/shared/schema/memory-categories.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';

/** Runs before every test file: tables of its own (created by `createTables`), no credentials, no tracing. */
const suffix = randomUUID().slice(0, 8);
for (const { name, environment } of Object.values(tables)) process.env[environment] = `${name}-${suffix}`;

Object.assign(process.env, {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  POWERTOOLS_TRACE_ENABLED: 'false',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
  AUTH_MODE: 'iam',
  HEALTH_IDLE_SECONDS: '300',
  HEALTH_INACTIVE_SECONDS: '3600',
  EVENT_BUS_NAME: 'agent-memory-test',
  WORK_QUEUE_URL: 'https://queue.test/work.fifo',
  PLANNER_FUNCTION_NAME: 'planner',
  ARCHIVE_BUCKET: 'archive',
  ERASER_FUNCTION_NAME: 'eraser',
  LOG_RETENTION_DAYS: '90',
  MAX_RECEIVE_COUNT: '3',
  MEMORY_CATEGORIES: JSON.stringify(defaultMemoryCategories),
  SESSION_SETTINGS: '{"expiresAfterSeconds":1800,"hotWindow":8,"summaryEvery":5,"summaryBytes":1600}',
  FEATURE_WINDOWS: '{"signalHours":4,"signalHoursByType":{},"sequenceHours":24}',
  PATTERN_LIFECYCLE:
    '{"driftThreshold":6,"confidenceHalfLifeDays":90,"hypothesisLevel":0.05,"hypothesisOddsRatio":2,"hypothesisDays":90}',
});
