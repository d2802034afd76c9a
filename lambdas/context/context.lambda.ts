import { featureWindows } from '../cases/feature-windows.ts';
import { memoryCategories } from '../memories/categories.ts';
import { sessionSettings } from '../sessions/settings.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composeContext } from './compose.ts';
import { contextRoutes } from './contract.ts';
import { contextDeadlines } from './deadline-settings.ts';
import { toAnswer } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
  SESSION_SETTINGS: sessionSettings,
  MEMORY_CATEGORIES: memoryCategories,
  CONTEXT_DEADLINES: contextDeadlines,
  FEATURE_WINDOWS: featureWindows,
};

export type ContextEnvironment = EnvironmentOf<typeof environment>;

export function createContextHandler(runtime: Runtime, env: ContextEnvironment) {
  const assembly = composeContext(runtime, openTables(runtime, env), {
    sessions: env.SESSION_SETTINGS,
    memoryCategories: env.MEMORY_CATEGORIES,
    deadlines: env.CONTEXT_DEADLINES,
    featureWindows: env.FEATURE_WINDOWS,
  });
  return createHttpHandler(runtime, env.AUTH_MODE, contextRoutes, {
    assembleContext: async ({ params, body }) => toAnswer(await assembly.assemble(params.agentId, body)),
  });
}

export const handler = createContextHandler(createRuntime('context'), readEnvironment(environment));
