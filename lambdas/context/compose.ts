import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows } from '../cases/feature-windows.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { DecisionList } from '../decisions/decision-list.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import { composeWordSearch } from '../memories/compose.ts';
import { composePatternMatching } from '../patterns/compose.ts';
import { SessionList } from '../sessions/session-list.ts';
import { SessionReader } from '../sessions/session-reader.ts';
import type { SessionSettings } from '../sessions/settings.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import type { TableName } from '../shared/schema/tables.ts';
import { InboxList } from '../signals/inbox-list.ts';
import { ContextAssembly } from './context-assembly.ts';
import type { Deadlines } from './deadline-settings.ts';
import { PastSessions } from './past-sessions.ts';
import { RecentDecisions } from './recent-decisions.ts';
import { RelevantMemories } from './relevant-memories.ts';
import type { Sources } from './sources.ts';
import { createEstimate } from './token-estimate.ts';
import { readVocabulary } from './vocabulary.ts';

export interface ContextSettings {
  readonly sessions: SessionSettings;
  readonly memoryCategories: MemoryCategories;
  readonly deadlines: Deadlines;
  readonly featureWindows: FeatureWindows;
}

type Tables = Readonly<Record<TableName, Table>>;
type Services = Pick<Runtime, 'clock' | 'randomPart' | 'logger'>;

/**
 * The newest waiting signals that are read, shared among their sources where more wait; the most severe of them are shown.
 * At 1 KB each they cost 25 read units. An agent that lets more wait is told that it does not see all.
 */
const MAX_SIGNALS = 200;
/** Newly shared memories are found after this long. Each answer checks that the ones it shows are still shared. */
const SHARED_TRUSTED_MS = MINUTE_MS;
/** A run ends once a night. An instance that asked just before finds its patterns this much later. */
const RUNS_TRUSTED_MS = 10 * SECOND_MS;

export function composeContext(
  runtime: Services,
  tables: Tables,
  settings: ContextSettings,
): ContextAssembly {
  const { clock, randomPart, logger } = runtime;
  return new ContextAssembly({
    sources: composeSources(runtime, tables, settings),
    exposures: new ExposureLog(tables.state),
    estimate: createEstimate(readVocabulary()),
    deadlines: settings.deadlines,
    clock,
    randomPart,
    log: logger,
  });
}

function composeSources(runtime: Services, tables: Tables, settings: ContextSettings): Sources {
  const { clock } = runtime;
  const registry = new AgentRegistry(tables.state);
  const window = new DecisionWindow(tables.decisions);
  const log = new DecisionLog(tables.decisions);
  const list = new DecisionList(tables.decisions, log);
  const decisions = new RecentDecisions({ registry, window, list, log, clock });
  const reader = new SessionReader(tables.state, settings.sessions.hotWindow);
  const past = new PastSessions(new SessionList(tables.state), reader, clock);
  const inbox = new InboxList(tables.signals);
  const matching = composePatternMatching(runtime, tables, registry, new RunLedger(tables.state), {
    windows: settings.featureWindows,
    runsTrustedMs: RUNS_TRUSTED_MS,
  });
  const memories = new RelevantMemories(
    composeWordSearch(tables, registry, runtime.randomPart, settings.memoryCategories, {
      sharedTrustedMs: SHARED_TRUSTED_MS,
    }),
  );
  return {
    session: (agentId, sessionId) => reader.resume(agentId, sessionId),
    signals: async (agentId) => {
      const { items, nextToken } = await inbox.list(agentId, { maxResults: MAX_SIGNALS });
      return { newest: items, isComplete: nextToken === null };
    },
    insights: (agentId, situation) => matching.match(agentId, situation),
    decisions: (agentId) => decisions.listFor(agentId),
    rereadDecisions: (agentId, some) => decisions.reread(agentId, some),
    sessionsOnTopic: (agentId, current, head) => past.onTopic(agentId, current, head),
    refreshMemories: (agentId) => memories.refresh(agentId),
    memories: (agentId, wanted, refreshed) => memories.find(agentId, wanted, refreshed),
    rereadSharedMemories: (agentId, some) =>
      memories.rereadShared(
        agentId,
        some.map(({ agentId: owner, id }) => ({ agentId: owner, memoryId: id })),
      ),
    noteShown: (shown) => memories.noteShown(shown.map(({ agentId, id }) => ({ agentId, memoryId: id }))),
  };
}
