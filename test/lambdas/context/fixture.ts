import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import type { Deadlines } from '../../../lambdas/context/deadline-settings.ts';
import { contextRoutes } from '../../../lambdas/context/contract.ts';
import { createContextHandler } from '../../../lambdas/context/context.lambda.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';
import { settings } from '../sessions/fixture.ts';

/** A busy machine is slow, not down. */
const deadlines: Deadlines = { partMs: 20_000, sessionMs: 20_000 };

export interface ContextFixtureOptions extends TestRuntimeOptions {
  readonly deadlines?: Deadlines;
}

/** The handler under test as one warm instance, and a short call. */
export function createContextFixture(options: ContextFixtureOptions = {}) {
  const runtime = createTestRuntime('context', options);
  const handler = createContextHandler(runtime, {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
    SIGNALS_TABLE: tableName('signals'),
    SESSION_SETTINGS: settings,
    MEMORY_CATEGORIES: defaultMemoryCategories,
    CONTEXT_DEADLINES: options.deadlines ?? deadlines,
    FEATURE_WINDOWS: { signalHours: 4, signalHoursByType: {}, sequenceHours: 24 },
  });
  const raw = (input: CallInput) => call(handler, contextRoutes.assembleContext, input);
  return { runtime, raw, ask: (agentId: string, body: object = {}) => raw({ params: { agentId }, body }) };
}
