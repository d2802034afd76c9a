import { sha256 } from '../shared/platform/ids.ts';
import { AgentPast, longestSequence, sequencesAmong, WaitingCases } from './agent-past.ts';
import { isNewSince, type PreviousLook } from './new-decisions.ts';
import { MemoryUses } from '../mining/judging/memory-effect.ts';
import { createMiner } from '../mining/mine.ts';
import type { Miner } from '../mining/mine.ts';
import { earlier, type SeenIndex, signalsAmong, type Window, type WindowCases } from './window-cases.ts';

/** Other agents whose decisions are read, at most: those that an agent follows up most often. */
export const MAX_PARENT_AGENTS = 8;
/** Decisions of other agents that a run reads, the newest of each type: about 250 MB, 60,000 read units. */
export const MAX_OTHERS_DECISIONS = 250_000;

/** Decisions of one type in a window, in a miner. */
export interface ReadCases {
  readonly miner: Miner;
  readonly decisions: number;
  readonly resolved: number;
  readonly pages: number;
  readonly truncated: boolean;
  readonly waiting: WaitingCases;
  /** The patterns that the resolved decisions were made with. */
  readonly uses: MemoryUses;
  /** Share of the resolved decisions that no earlier run has seen with their outcome. */
  readonly newShare: number;
}

/**
 * Reads an agent's decisions in a window, each once, and the decisions before them. First `read` every type, then
 * `readOthers`, then `complete` every type that is to be mined.
 *
 * Cost: 0.25 read units per KB of the agent's own decisions in the window and in the sequence window before it. The same
 * goes for the decisions of at most eight other agents whose decisions it follows up.
 */
export class CaseReading {
  readonly #cases: WindowCases;
  readonly #agentId: string;
  readonly #window: Window;
  readonly #asked: readonly string[];
  readonly #maxDecisions: number;
  readonly #previousLook: PreviousLook | undefined;
  readonly #past: AgentPast;
  readonly #noted = new Set<string>();
  /** The window and the time before it, which its first decisions may follow. */
  readonly #history: Window;

  /**
   * @param asked paths of conditions that will be tested, also when they are not mined
   * @param previousLook the last run with an earlier end; absent: there was none
   */
  constructor(
    cases: WindowCases,
    agentId: string,
    window: Window,
    asked: readonly string[],
    maxDecisions: number,
    previousLook?: PreviousLook,
  ) {
    this.#cases = cases;
    this.#agentId = agentId;
    this.#window = window;
    this.#asked = asked;
    this.#maxDecisions = maxDecisions;
    this.#previousLook = previousLook;
    this.#past = new AgentPast(agentId);
    this.#history = { ...window, after: earlier(window.after, longestSequence(cases.settings, asked)) };
  }

  /** The signals that the agent had seen; see WindowCases. */
  seen(): Promise<SeenIndex> {
    return this.#cases.seenIn(this.#agentId, this.#window, this.#asked);
  }

  /** @param sequences true when sequences with decisions of this type are needed */
  async read(decisionType: string, seen: SeenIndex, sequences = true): Promise<ReadCases> {
    const settings = this.#cases.settings;
    const miner = createMiner({ agentId: this.#agentId, decisionType, settings, hash: sha256 });
    const waiting = new WaitingCases();
    const uses = new MemoryUses();
    const timeline = this.#timelineToFill(decisionType, sequences);
    const signals = signalsAmong(this.#asked);
    let decisions = 0;
    let resolved = 0;
    let fresh = 0;
    let pages = 0;
    const done = (truncated: boolean): ReadCases => ({
      miner,
      decisions,
      resolved,
      pages,
      truncated,
      waiting,
      uses,
      newShare: resolved === 0 ? 1 : fresh / resolved,
    });
    const window = timeline ? this.#history : this.#window;
    for await (const page of this.#cases.pages(this.#agentId, decisionType, window)) {
      pages++;
      for (const decision of page.decisions) {
        const isInWindow = decision.timestamp > this.#window.after;
        if (isInWindow && decisions >= this.#maxDecisions) return done(true);
        timeline?.add(decision);
        if (!isInWindow) continue;
        decisions++;
        this.#past.noteParent(decision);
        const resolvedCase = this.#cases.caseOf(decision, seen, this.#window.until, signals);
        if (!resolvedCase) continue;
        resolved++;
        miner.add(resolvedCase);
        waiting.add(decision);
        uses.add(decision.decisionId, decision.reasoning?.patternsApplied, decision.patternsShown);
        if (isNewSince(decision, this.#previousLook)) fresh++;
      }
    }
    return done(false);
  }

  /** The timeline to fill; undefined when it has been filled already, because a type may be read twice. */
  #timelineToFill(decisionType: string, sequences: boolean) {
    if (!sequences || this.#noted.has(decisionType)) return undefined;
    this.#noted.add(decisionType);
    return this.#ask(this.#agentId, decisionType);
  }

  /** A timeline with the mined window, and those of the paths asked about. */
  #ask(agentId: string, decisionType: string) {
    for (const path of sequencesAmong(this.#asked))
      if ((path.agentId ?? this.#agentId) === agentId && path.decisionType === decisionType)
        this.#past.timeline(agentId, decisionType, path.windowMs);
    return this.#past.timeline(agentId, decisionType, this.#cases.settings.sequenceWindowMs);
  }

  /**
   * Reads the decisions of the agents that it follows up, with their outcomes. No other agent is read, whichever paths
   * are asked about, because its decisions are private. Only type, time and status are used, which the chains of these
   * decisions show anyway.
   * @param typesOf the decision types of an agent, or those that are asked about
   * @returns paths of timelines that were not read to the window's beginning
   */
  async readOthers(typesOf: (agentId: string) => Promise<readonly string[]>): Promise<string[]> {
    const truncated: string[] = [];
    let left = MAX_OTHERS_DECISIONS;
    for (const agentId of this.#past.parentAgents.slice(0, MAX_PARENT_AGENTS))
      for (const decisionType of await typesOf(agentId)) {
        const timeline = this.#ask(agentId, decisionType);
        for await (const marks of this.#cases.marks(agentId, decisionType, this.#history)) {
          if (left <= 0) {
            truncated.push(`after.${agentId}.${decisionType}`);
            break;
          }
          for (const mark of marks) timeline.add(mark);
          left -= marks.length;
        }
      }
    return truncated;
  }

  /** Reads the agent's own decisions of further types that are asked about. */
  async readOwn(decisionTypes: Iterable<string>): Promise<void> {
    for (const decisionType of decisionTypes) {
      const timeline = this.#timelineToFill(decisionType, true);
      if (!timeline) continue;
      for await (const marks of this.#cases.marks(this.#agentId, decisionType, this.#history))
        for (const mark of marks) timeline.add(mark);
    }
  }

  /** True when a condition has a sequence with the agent's own decisions of this type. */
  asksOf(decisionType: string): boolean {
    return sequencesAmong(this.#asked).some(
      (path) => path.agentId === undefined && path.decisionType === decisionType,
    );
  }

  /** Reads only the earlier decisions that the conditions need, of the agent itself and of other agents. */
  async readAsked(): Promise<void> {
    const sequences = sequencesAmong(this.#asked);
    const typesOf = (agentId: string | undefined): string[] => [
      ...new Set(
        sequences.filter((path) => path.agentId === agentId).map(({ decisionType }) => decisionType),
      ),
    ];
    await this.readOwn(typesOf(undefined));
    await this.readOthers(async (other) => typesOf(other));
  }

  /** Adds the sequences to the miner's cases. */
  complete({ miner, waiting }: ReadCases): void {
    waiting.extend(miner, this.#past);
  }
}
