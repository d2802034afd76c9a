import { createAgentsHandler } from '../../../lambdas/agents/handler.ts';
import { tableName } from '../../support/tables.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';

/** The function under test, on this file's tables: idle after 5 minutes without a heartbeat, inactive after an hour. */
export function startAgents(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('agents', options);
  const handler = createAgentsHandler(runtime, {
    AUTH_MODE: 'iam',
    STATE_TABLE: tableName('state'),
    HEALTH_IDLE_SECONDS: 300,
    HEALTH_INACTIVE_SECONDS: 3600,
  });
  return { runtime, handler };
}
