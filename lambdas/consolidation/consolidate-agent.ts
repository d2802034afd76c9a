import type { AgentRegistry } from '../agents/agent-registry.ts';
import { CaseReading, type ReadCases } from '../cases/case-reading.ts';
import { learnFrom } from '../patterns/lifecycle/learning.ts';
import type { OfferReviews } from '../patterns/lifecycle/offer-review.ts';
import {
  type ConsolidationOutcome,
  OwnerConsolidation,
  type OwnerConsolidationParts,
} from './owner-consolidation.ts';
import type { LastRun } from './run.ts';
import type { ConsolidationTask } from './work-queue.ts';

/** A run takes this many decisions of one type, the newest: 1 M features fit the worker's memory. */
export const MAX_DECISIONS = 1_000_000;

export interface AgentConsolidatorParts extends OwnerConsolidationParts {
  readonly registry: AgentRegistry;
  readonly reviews: OfferReviews;
  /** @default MAX_DECISIONS */
  readonly maxDecisions?: number;
}

/** Learns from one agent's recent decisions: reads the window, mines it, and stores what changed. */
export class AgentConsolidator {
  readonly #parts: AgentConsolidatorParts;
  readonly #maxDecisions: number;

  constructor(parts: AgentConsolidatorParts) {
    this.#parts = parts;
    this.#maxDecisions = parts.maxDecisions ?? MAX_DECISIONS;
  }

  /**
   * The verdict is a function of the window, of the patterns before it and of `asOf`. The same task twice changes nothing
   * the second time, and a task that was cut short is simply repeated.
   * @param previous the agent's last completed run; a task that looks further back is computed but not stored
   */
  async consolidate(task: ConsolidationTask, previous: LastRun | undefined): Promise<ConsolidationOutcome> {
    const { registry, cases, reviews } = this.#parts;
    const { agentId } = task;
    const run = await OwnerConsolidation.begin(this.#parts, task, previous);
    const decisionTypes = [
      ...new Set([
        ...(await registry.decisionTypes(agentId)),
        ...run.stored.map(({ decisionType }) => decisionType),
      ]),
    ].sort();
    const asked = run.stored.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const reading = new CaseReading(cases, agentId, run.window, asked, this.#maxDecisions, run.previousLook);
    const { seen, reads, truncatedPaths } = await this.#readAll(reading, decisionTypes);
    const review = await reviews.begin(agentId);
    for (const decisionType of decisionTypes) {
      const read = reads.get(decisionType) ?? (await reading.read(decisionType, seen));
      reads.delete(decisionType);
      reading.complete(read);
      const learned = learnFrom(read.miner, run.learningInput(decisionType, read.newShare), read.uses);
      const { resolved } = await run.keep(decisionType, { ...read, truncatedPaths }, learned);
      review.test(decisionType, read.miner, resolved);
    }
    if (!run.dryRun) await review.save(task, cases.settings.minOccurrences);
    return run.outcome({ moreLivePatterns: review.size });
  }

  /**
   * Reads every type before one is mined, because a decision may have come after one of any type. When all of them
   * together exceed the limit of one type, none is kept, and each is read once more when its turn comes.
   */
  async #readAll(reading: CaseReading, decisionTypes: readonly string[]) {
    const seen = await reading.seen();
    const reads = new Map<string, ReadCases>();
    let decisions = 0;
    for (const decisionType of decisionTypes) {
      const read = await reading.read(decisionType, seen);
      decisions += read.decisions;
      if (decisions > this.#maxDecisions) reads.clear();
      else reads.set(decisionType, read);
    }
    const truncatedPaths = await reading.readOthers((agentId) => this.#parts.registry.decisionTypes(agentId));
    return { seen, reads, truncatedPaths };
  }
}
