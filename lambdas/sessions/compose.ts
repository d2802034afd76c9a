import { MemoryFeed } from '../memories/memory-feed.ts';
import { MemoryRecords } from '../memories/memory-records.ts';
import { MemoryStore } from '../memories/memory-store.ts';
import { type Runtime, openTables } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { InsightOffers } from './insight-offers.ts';
import { createSummarizer } from './model-access.ts';
import { SessionEnding } from './session-ending.ts';
import { SessionReader } from './session-reader.ts';
import type { SessionSettings } from './settings.ts';

export interface EndingEnvironment {
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  readonly MEMORY_CATEGORIES: MemoryCategories;
  readonly SESSION_SETTINGS: SessionSettings;
}

/** What ends sessions, for the request that does and for the sweep. */
export function createEnding(runtime: Omit<Runtime, 'metrics'>, env: EndingEnvironment) {
  const { randomPart, logger } = runtime;
  const { SESSION_SETTINGS: settings } = env;
  const tables = openTables(runtime, env);
  const reader = new SessionReader(tables.state, settings.hotWindow);
  const memories = new MemoryStore(tables.memory, env.MEMORY_CATEGORIES, {
    records: new MemoryRecords(tables.memory),
    feed: new MemoryFeed(tables.memory, randomPart),
  });
  const offers = new InsightOffers(tables.state, memories);
  const ending = new SessionEnding({
    table: tables.state,
    reader,
    summarizer: createSummarizer(runtime, tables.state, settings),
    summaryBytes: settings.summaryBytes,
    offers,
    onPostponed: (error, { agentId, sessionId }) =>
      logger.warn('insights are left to the sweep', { agentId, sessionId, error }),
  });
  return { reader, offers, ending };
}
