/**
 * The memory a run needs for what it reads. Decisions with contexts of 4 KB, in pages of a megabyte as a query yields
 * them, are consolidated from a window that makes each page when it is asked for. Prints the peak memory of the process
 * beside the size of all that was read.
 */
import type { AgentRegistry } from '../../lambdas/agents/agent-registry.ts';
import { AgentConsolidator } from '../../lambdas/consolidation/consolidate-agent.ts';
import { defaultMiningSettings } from '../../lambdas/mining/settings.ts';
import type { OfferReviews } from '../../lambdas/patterns/lifecycle/offer-review.ts';
import { WindowCases } from '../../lambdas/cases/window-cases.ts';
import type { Decision } from '../../lambdas/decisions/decision.ts';
import type { DecisionPage, DecisionWindow } from '../../lambdas/decisions/decision-window.ts';
import type { PatternStore } from '../../lambdas/patterns/pattern-store.ts';
import { sha256 } from '../../lambdas/shared/platform/ids.ts';
import type { SeenSignals } from '../../lambdas/signals/seen-signals.ts';
import { randomSource } from '../shared/random.ts';

const PAGE = 250;
const NOTES = 4_000;
const AS_OF = '2026-03-01T02:00:00.000Z';
const STEP_MS = 20_000;

/** As text first, so that every value is new, as it is when an answer is parsed. */
function decisionAt(index: number, count: number, random: () => number): string {
  const timestamp = new Date(Date.parse(AS_OF) - index * STEP_MS).toISOString();
  const trend = random() < 0.5 ? 'up' : 'down';
  const status = random() < (trend === 'up' ? 0.6 : 0.5) ? 'success' : 'failure';
  return JSON.stringify({
    agentId: 'bench',
    decisionId: `TRADE_EXECUTION-${String(count - index).padStart(26, '0')}`,
    decisionType: 'TRADE_EXECUTION',
    timestamp,
    context: {
      market: {
        trend,
        volatility: random(),
        session: ['asia', 'europe', 'america'][Math.floor(random() * 3)],
      },
      order: { id: sha256(String(index)), size: Math.floor(random() * 5) },
      transcript: `${index} `.repeat(NOTES / 7),
    },
    status,
    outcome: { status, occurredAt: timestamp, metrics: { pnl: random() } },
    outcomeRevision: 1,
    depth: 1,
    loggedAt: timestamp,
  } satisfies Decision);
}

class MadeWindow {
  read = 0;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  async *pages(): AsyncGenerator<DecisionPage> {
    const random = randomSource(1);
    for (let start = 0; start < this.#count; start += PAGE) {
      const length = Math.min(PAGE, this.#count - start);
      const page = Array.from({ length }, (_, i) => decisionAt(start + i, this.#count, random));
      const text = `[${page.join()}]`;
      this.read += text.length;
      yield { decisions: JSON.parse(text) as Decision[] };
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

export async function run({ decisions }: { readonly decisions: number }): Promise<void> {
  const window = new MadeWindow(decisions);
  const noSignals = { async *between() {} } as unknown as SeenSignals;
  const cases = new WindowCases(window as unknown as DecisionWindow, noSignals, defaultMiningSettings);
  const registry = { decisionTypes: async () => ['TRADE_EXECUTION'] } as unknown as AgentRegistry;
  const nowhere = {
    ofAgent: async () => [],
    digests: async () => [],
    saveDigests: async () => undefined,
    save: async () => undefined,
  } as unknown as PatternStore;
  const noOffers = {
    begin: async () => ({ size: 0, test: () => undefined, save: async () => undefined }),
  } as unknown as OfferReviews;
  const consumed = () => ({ readUnits: 0, writeUnits: 0 });
  const before = process.memoryUsage.rss();
  const consolidator = new AgentConsolidator({
    registry,
    cases,
    store: nowhere,
    reviews: noOffers,
    clock: () => new Date(AS_OF),
    consumed,
  });
  const { report } = await consolidator.consolidate({ runId: 'R', agentId: 'bench', asOf: AS_OF }, undefined);
  const { user, system } = process.cpuUsage();
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  process.stdout.write(
    `${report.totals.decisions} decisions, ${megabytes(window.read)} read in ${report.pages} pages: peak ` +
      `${megabytes(process.resourceUsage().maxRSS * 1024)} of memory, ${megabytes(before)} of it before the first; ` +
      `${((user + system) / 1e6).toFixed(0)} CPU s\n`,
  );
}
