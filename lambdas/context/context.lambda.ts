import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, featureWindows } from '../cases/feature-windows.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { DecisionList } from '../decisions/decision-list.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import { DecisionLookup } from '../decisions/decision-lookup.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import { AccessCounts } from '../memories/access-counts.ts';
import { memoryCategories } from '../memories/categories.ts';
import { MemoryFeed } from '../memories/memory-feed.ts';
import { MemoryRecords } from '../memories/memory-records.ts';
import { MemorySharing, SHARED_MEMORIES } from '../memories/memory-sharing.ts';
import { MemoryStore } from '../memories/memory-store.ts';
import { MemorySearch } from '../memories/search/memory-search.ts';
import { composePatternMatching } from '../patterns/compose.ts';
import { SessionList } from '../sessions/session-list.ts';
import { SessionReader } from '../sessions/session-reader.ts';
import { type SessionSettings, sessionSettings } from '../sessions/settings.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import { createRuntime, type Runtime, openTables, type TablesOf } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { Sharing } from '../sharing/sharing.ts';
import { SignalInbox } from '../signals/signal-inbox.ts';
import { ContextAssembly, type Deadlines } from './context-assembly.ts';
import { contextRoutes } from './contract.ts';
import { contextDeadlines } from './deadline-settings.ts';
import { PastSessions } from './past-sessions.ts';
import { RecentDecisions } from './recent-decisions.ts';
import { RelevantMemories } from './relevant-memories.ts';
import type { Sources } from './sources.ts';
import { createEstimate } from './token-estimate.ts';
import { toAnswer } from './views.ts';
import { readVocabulary } from './vocabulary.ts';

export interface ContextEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  readonly SIGNALS_TABLE: string;
  readonly SESSION_SETTINGS: SessionSettings;
  readonly MEMORY_CATEGORIES: MemoryCategories;
  readonly CONTEXT_DEADLINES: Deadlines;
  /** @default 4 h for signals, 24 h for sequences */
  readonly FEATURE_WINDOWS?: FeatureWindows;
}

/**
 * Waiting signals that are looked at, the newest: the most severe of them are shown. At 1 KB each they cost 25 read
 * units; an agent that lets more wait is told that it is not shown all.
 */
const MAX_SIGNALS = 200;
/** Memories kept ready: 40,000 short ones, a third of what the function has. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
/** What others newly share is found after so long; what they show no longer is asked for before each answer. */
const SHARED_TRUSTED_MS = MINUTE_MS;
/** A run ends once a night: its patterns may wait so long for an instance that asked just before. */
const RUNS_TRUSTED_MS = 10 * SECOND_MS;

type ContextTables = TablesOf<ContextEnvironment>;

function createMemories({ clock, randomPart }: Runtime, env: ContextEnvironment, tables: ContextTables) {
  const { MEMORY_CATEGORIES: categories } = env;
  const registry = new AgentRegistry(tables.state);
  const records = new MemoryRecords(tables.memory);
  const feed = new MemoryFeed(tables.memory, randomPart);
  const store = new MemoryStore(tables.memory, categories, { records, feed });
  const grants = new Sharing(tables.memory, SHARED_MEMORIES);
  const sharing = new MemorySharing({ store, records, sharing: grants, registry }, categories, clock);
  const search = new MemorySearch({
    records,
    feed,
    sharing,
    categories,
    clock,
    maxBytes: MAX_MEMORY_BYTES,
    sharedTrustedMs: SHARED_TRUSTED_MS,
  });
  const erased = new ErasedMarks(tables.state);
  const accesses = new AccessCounts(tables.memory, randomPart, erased);
  return new RelevantMemories(search, sharing, accesses, clock);
}

function createSources(runtime: Runtime, env: ContextEnvironment, tables: ContextTables): Sources {
  const { clock } = runtime;
  const registry = new AgentRegistry(tables.state);
  const window = new DecisionWindow(tables.decisions);
  const log = new DecisionLog(tables.decisions);
  const list = new DecisionList(tables.decisions, log);
  const decisions = new RecentDecisions({ registry, window, list, log, clock });
  const reader = new SessionReader(tables.state, env.SESSION_SETTINGS.hotWindow);
  const past = new PastSessions(new SessionList(tables.state), reader, clock);
  const lookup = new DecisionLookup(tables.decisions);
  const inbox = new SignalInbox(tables.signals, lookup);
  const matching = composePatternMatching(runtime, tables, new RunLedger(tables.state), {
    windows: env.FEATURE_WINDOWS,
    runsTrustedMs: RUNS_TRUSTED_MS,
  });
  const memories = createMemories(runtime, env, tables);
  return {
    session: (agentId, sessionId) => reader.resume(agentId, sessionId),
    signals: async (agentId) => {
      const { items, nextToken } = await inbox.list(agentId, { maxResults: MAX_SIGNALS });
      return { newest: items, areAll: nextToken === null };
    },
    insights: (agentId, situation) => matching.match(agentId, situation),
    decisions: (agentId) => decisions.of(agentId),
    decisionsNow: (agentId, some) => decisions.asTheyAre(agentId, some),
    sessions: (agentId, current, isLikely) => past.onTopic(agentId, current, isLikely),
    memories: (agentId, wanted, likely) => memories.find(agentId, wanted, likely),
    sharedNow: (agentId, some) =>
      memories.sharedNow(
        agentId,
        some.map(({ agentId: owner, id }) => ({ agentId: owner, memoryId: id })),
      ),
    noteShown: (shown) => memories.noteShown(shown.map(({ agentId, id }) => ({ agentId, memoryId: id }))),
  };
}

export function createContextHandler(runtime: Runtime, env: ContextEnvironment) {
  const { clock, randomPart, logger } = runtime;
  const tables = openTables(runtime, env);
  const assembly = new ContextAssembly({
    sources: createSources(runtime, env, tables),
    exposures: new ExposureLog(tables.state),
    estimate: createEstimate(readVocabulary()),
    deadlines: env.CONTEXT_DEADLINES,
    clock,
    randomPart,
    log: logger,
  });
  return createHttpHandler(runtime, env.AUTH_MODE, contextRoutes, {
    assembleContext: async ({ params, body }) => toAnswer(await assembly.assemble(params.agentId, body)),
  });
}

export const handler = createContextHandler(
  createRuntime('context'),
  readEnvironment({
    AUTH_MODE: authMode,
    DECISIONS_TABLE: resourceName,
    STATE_TABLE: resourceName,
    MEMORY_TABLE: resourceName,
    SIGNALS_TABLE: resourceName,
    SESSION_SETTINGS: sessionSettings,
    MEMORY_CATEGORIES: memoryCategories,
    CONTEXT_DEADLINES: contextDeadlines,
    FEATURE_WINDOWS: featureWindows,
  }),
);
