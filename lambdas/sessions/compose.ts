import type { AgentRegistry } from '../agents/agent-registry.ts';
import { memoryCategories } from '../memories/categories.ts';
import { composeMemoryStore } from '../memories/compose.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { type EnvironmentOf, resourceName } from '../shared/platform/env.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import { InsightOffers } from './insight-offers.ts';
import { createSummarizer } from './summary/model-access.ts';
import { SessionEnding } from './session-ending.ts';
import { SessionReader } from './session-reader.ts';
import { sessionSettings } from './settings.ts';

/** Variables of a function that ends sessions. */
export const endingEnvironment = {
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  MEMORY_CATEGORIES: memoryCategories,
  SESSION_SETTINGS: sessionSettings,
};
export type EndingEnvironment = EnvironmentOf<typeof endingEnvironment>;

/** The services that end sessions, for the request that does and for the sweep. */
export function composeEnding(
  runtime: Pick<Runtime, 'randomPart' | 'logger'>,
  { state, memory }: { readonly state: Table; readonly memory: Table },
  registry: AgentRegistry,
  { MEMORY_CATEGORIES, SESSION_SETTINGS: settings }: EndingEnvironment,
) {
  const { randomPart, logger } = runtime;
  const reader = new SessionReader(state, settings.hotWindow);
  const { store } = composeMemoryStore(memory, randomPart, MEMORY_CATEGORIES);
  const offers = new InsightOffers(state, store);
  const ending = new SessionEnding({
    table: state,
    reader,
    summarizer: createSummarizer(runtime, state, registry, settings),
    summaryBytes: settings.summaryBytes,
    offers,
    onPostponed: (error, { agentId, sessionId }) =>
      logger.warn('insights are left to the sweep', { agentId, sessionId, error }),
  });
  return { reader, offers, ending };
}
