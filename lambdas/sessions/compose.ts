import { MemoryFeed } from '../memories/memory-feed.ts';
import { MemoryRecords } from '../memories/memory-records.ts';
import { MemoryStore } from '../memories/memory-store.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
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
  const { documents, clock, randomPart, logger } = runtime;
  const { STATE_TABLE: table, MEMORY_TABLE, SESSION_SETTINGS: settings } = env;
  const reader = new SessionReader(documents, table, clock, settings.hotWindow);
  const memories = new MemoryStore(documents, MEMORY_TABLE, clock, env.MEMORY_CATEGORIES, {
    records: new MemoryRecords(documents, MEMORY_TABLE),
    feed: new MemoryFeed(documents, MEMORY_TABLE, clock, randomPart),
  });
  const offers = new InsightOffers(documents, table, memories);
  const ending = new SessionEnding({
    documents,
    table,
    clock,
    reader,
    summarizer: createSummarizer(runtime, table, settings),
    summaryBytes: settings.summaryBytes,
    offers,
    onPostponed: (error, { agentId, sessionId }) =>
      logger.warn('insights are left to the sweep', { agentId, sessionId, error }),
  });
  return { reader, offers, ending };
}
