import { isDeepStrictEqual } from 'node:util';
import type { AgentResult } from '../../../lambdas/consolidation/contract.ts';
import type { RunRecord } from '../../../lambdas/consolidation/run.ts';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { scheduledRunId } from '../../../lambdas/consolidation/run-requests.ts';
import type { WorkerEnvironment } from '../../../lambdas/consolidation/worker.lambda.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import type { Runtime } from '../../../lambdas/shared/platform/runtime.ts';
import { decisionsOf } from './agents.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

type Reader = Pick<Runtime, 'documents' | 'clock'>;

/** Everything that is stored of an agent's patterns, as one comparable value. */
export async function knowledgeOf(
  { documents }: Reader,
  { MEMORY_TABLE }: WorkerEnvironment,
  agentId: string,
) {
  const store = new PatternStore(new Table(documents, MEMORY_TABLE));
  return Promise.all(
    (await store.ofAgent(agentId)).map(async (pattern) => ({
      pattern,
      versions: await store.versions(agentId, pattern.patternId, 100),
      digests: await store.digests(agentId, pattern.patternId),
    })),
  );
}

async function resultsOf(ledger: RunLedger, runId: string): Promise<AgentResult[]> {
  const all: AgentResult[] = [];
  let after: string | undefined;
  do {
    const { results, last }: Awaited<ReturnType<RunLedger['results']>> = await ledger.results(
      runId,
      100,
      after,
    );
    all.push(...results);
    after = last;
  } while (after !== undefined);
  return all;
}

export interface NightAudit {
  readonly run: RunRecord;
  /** What is not as it would be had every agent been consolidated exactly once; empty when all is well. */
  readonly wrong: readonly string[];
  readonly patterns: number;
}

/** Whether a first night had the effect of consolidating every agent exactly once. */
export async function auditNight(
  reader: Reader,
  environment: WorkerEnvironment,
  agents: readonly string[],
  scheduledTime: string,
): Promise<NightAudit> {
  const ledger = new RunLedger(new Table(reader.documents, environment.STATE_TABLE, reader.clock));
  const runId = scheduledRunId(scheduledTime);
  const run = await ledger.get(runId);
  if (!run) throw new Error(`there is no run ${runId}`);
  const wrong: string[] = [];
  const check = (name: string, actual: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(actual, expected))
      wrong.push(`${name}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
  };
  const { expected, consolidated, skipped, failed, totals } = run;
  check(
    'counters',
    { expected, consolidated, skipped, failed },
    {
      expected: agents.length,
      consolidated: agents.length,
      skipped: 0,
      failed: 0,
    },
  );
  const results = await resultsOf(ledger, runId);
  check(
    'results',
    results.map(({ agentId, result }) => [agentId, result]),
    [...agents].sort().map((agentId) => [agentId, 'CONSOLIDATED']),
  );
  const decisions = agents.flatMap((agentId) => decisionsOf(agentId, scheduledTime));
  const resolved = decisions.filter(({ outcome }) => outcome).length;
  check('decisions counted', totals.decisions, decisions.length);
  check('outcomes counted', totals.resolved, resolved);
  const lastRuns = await ledger.lastRuns(agents);
  let patterns = 0;
  let promoted = 0;
  for (const agentId of agents) {
    const known = await knowledgeOf(reader, environment, agentId);
    patterns += known.length;
    promoted += known.filter(({ pattern }) => pattern.status === 'promoted').length;
    check(
      `${agentId}: versions`,
      known.map(({ versions }) => versions.map(({ version }) => version)),
      known.map(() => [1]),
    );
    const live = known.filter(({ pattern: { status } }) =>
      ['promoted', 'candidate', 'suspect'].includes(status),
    );
    check(
      `${agentId}: last run`,
      [lastRuns.get(agentId)?.runId, lastRuns.get(agentId)?.livePatterns],
      [runId, live.length],
    );
  }
  check('promotions counted', totals.promoted, promoted);
  return { run, wrong, patterns };
}
