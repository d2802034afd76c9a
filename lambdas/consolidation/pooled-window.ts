import type { Decision } from '../decisions/decision.ts';
import { sha256 } from '../shared/platform/ids.ts';
import { isNewSince, type PreviousLook } from '../cases/new-decisions.ts';
import { createMiner } from '../mining/mine.ts';
import type { PooledAgent } from '../mining/judging/across-agents.ts';
import type { Miner } from '../mining/mine.ts';
import type { SeenIndex, Window, WindowCases } from '../cases/window-cases.ts';

/** Number of decisions of one type a pooled run takes in all. Each is held twice, in the pool and with its agent. */
export const MAX_POOLED_DECISIONS = 500_000;
/** Number of decisions an agent may add beyond as many as all others together. */
const FREE_DECISIONS = 100;

export interface Member {
  readonly agentId: string;
  readonly seen: SeenIndex;
}

export interface Pool {
  /** Miner over the resolved decisions of all agents. */
  readonly miner: Miner;
  readonly agents: readonly PooledAgent[];
  readonly decisions: number;
  readonly pages: number;
  /** Decisions were left out, because an agent had more than its share. */
  readonly truncated: boolean;
  /** Share of the resolved decisions that no earlier run has seen with their outcome. */
  readonly newShare: number;
}

/**
 * Reads the decisions of several agents into one pool, newest first and balanced. No agent adds more than an equal share
 * of the limit, nor (beyond a few) more than all others together. So the pool's rates are never one agent's. Reads page
 * by page: an agent waits with at most one page while the others catch up.
 * @param previousLook the last run that looked at less; default: there was none
 */
export async function readPool(
  cases: WindowCases,
  owner: string,
  members: readonly Member[],
  decisionType: string,
  window: Window,
  previousLook?: PreviousLook,
  maxDecisions = MAX_POOLED_DECISIONS,
): Promise<Pool> {
  const { settings } = cases;
  const minerOf = (agentId: string): Miner => createMiner({ agentId, decisionType, settings, hash: sha256 });
  const miner = minerOf(owner);
  const readers = members.map(
    (member) => new Reader(cases, member, decisionType, window, previousLook, miner, minerOf(member.agentId)),
  );
  const share = Math.floor(maxDecisions / Math.max(1, members.length));
  let taken = 0;
  for (let moved = true; moved;) {
    moved = false;
    for (const reader of readers) {
      const before = reader.taken;
      const most = Math.min(share, taken - before + FREE_DECISIONS);
      if (await reader.take(most)) moved = true;
      taken += reader.taken - before;
    }
  }
  return {
    miner,
    agents: readers.map((reader) => ({ agentId: reader.agentId, miner: reader.own })),
    decisions: readers.reduce((sum, reader) => sum + reader.decisions, 0),
    pages: readers.reduce((sum, reader) => sum + reader.pages, 0),
    truncated: readers.some((reader) => !reader.isDone),
    newShare: taken === 0 ? 1 : readers.reduce((sum, reader) => sum + reader.fresh, 0) / taken,
  };
}

class Reader {
  readonly own: Miner;
  readonly #cases: WindowCases;
  readonly #member: Member;
  readonly #until: string;
  readonly #previousLook: PreviousLook | undefined;
  readonly #pool: Miner;
  readonly #pages: AsyncIterator<{ readonly decisions: readonly Decision[] }>;
  #page: readonly Decision[] = [];
  #next = 0;
  /** Resolved decisions of this agent in the pool. */
  taken = 0;
  /** Those of them that no earlier run has seen with their outcome. */
  fresh = 0;
  /** Decisions and pages read so far. */
  decisions = 0;
  pages = 0;
  isDone = false;

  constructor(
    cases: WindowCases,
    member: Member,
    decisionType: string,
    window: Window,
    previousLook: PreviousLook | undefined,
    pool: Miner,
    own: Miner,
  ) {
    this.own = own;
    this.#cases = cases;
    this.#member = member;
    this.#until = window.until;
    this.#previousLook = previousLook;
    this.#pool = pool;
    this.#pages = cases.pages(member.agentId, decisionType, window)[Symbol.asyncIterator]();
  }

  get agentId(): string {
    return this.#member.agentId;
  }

  /** Reads on to the end of a page, or until it has `most`. @returns true when it got any further */
  async take(most: number): Promise<boolean> {
    if (this.isDone || this.taken >= most) return false;
    if (this.#next === this.#page.length) {
      const page = await this.#pages.next();
      if (page.done) {
        this.isDone = true;
        return false;
      }
      this.pages++;
      this.#page = page.value.decisions;
      this.#next = 0;
    }
    while (this.#next < this.#page.length && this.taken < most) {
      const decision = this.#page[this.#next++]!;
      this.decisions++;
      const resolved = this.#cases.caseOf(decision, this.#member.seen, this.#until);
      if (!resolved) continue;
      this.taken++;
      if (isNewSince(decision, this.#previousLook)) this.fresh++;
      this.own.add(resolved);
      this.#pool.add(resolved);
    }
    return true;
  }
}
