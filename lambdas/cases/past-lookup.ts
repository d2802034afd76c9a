import type { DecisionMark, DecisionReference } from '../decisions/decision.ts';
import { AgentPast, placeOf } from './agent-past.ts';
import type { DecisionTimeline } from './decision-timeline.ts';
import { PRESENT } from '../mining/cases/features.ts';
import type { FeatureValue } from '../mining/types.ts';
import type { SequencePath } from '../mining/cases/windowed-path.ts';
import { earlier, type WindowCases } from './window-cases.ts';

interface Source {
  readonly timeline: DecisionTimeline;
  readonly windowMs: number;
  readonly marks: AsyncGenerator<readonly DecisionMark[]>;
  done: boolean;
}

/**
 * Finds the sequences of a pattern that hold for a few decisions. The decisions before them are read newest first, only as
 * far back as needed. The caller has made sure that the agent follows up the other agents in the sequences.
 */
export class PastLookup {
  readonly #past: AgentPast;
  readonly #linked: ReadonlySet<string>;
  readonly #sources: Source[] = [];

  /**
   * @param until no decision that is looked up is later
   * @param pageSize decisions read at a time. @default as many as fit a megabyte
   */
  constructor(
    cases: WindowCases,
    agentId: string,
    sequences: readonly SequencePath[],
    until: string,
    pageSize?: number,
  ) {
    this.#past = new AgentPast(agentId);
    this.#linked = new Set(sequences.flatMap((path) => path.agentId ?? []));
    const known = new Map<DecisionTimeline, Source>();
    for (const { agentId: other = agentId, decisionType, windowMs } of sequences) {
      const timeline = this.#past.timeline(other, decisionType, windowMs);
      const source = known.get(timeline);
      const marks = source?.marks ?? cases.marks(other, decisionType, { after: EARLIEST, until }, pageSize);
      known.set(timeline, {
        timeline,
        windowMs: Math.max(windowMs, source?.windowMs ?? 0),
        marks,
        done: false,
      });
    }
    this.#sources.push(...known.values());
  }

  /**
   * Reads the decisions that may precede decisions made at this time or later.
   * @param atMost decisions of each timeline. @default all
   */
  async readFor(time: number, atMost = Infinity): Promise<void> {
    for (const source of this.#sources)
      while (
        !source.done &&
        source.timeline.length < atMost &&
        source.timeline.oldest >= time - source.windowMs
      ) {
        const { value, done } = await source.marks.next();
        source.done = done === true;
        for (const mark of value ?? []) source.timeline.add(mark);
      }
  }

  featuresAt(time: number, parent: DecisionReference | undefined): Map<string, FeatureValue> {
    const paths = this.#past.pathsAt(time, placeOf(parent), this.#linked);
    return new Map(paths.map((path): [string, FeatureValue] => [path, PRESENT]));
  }
}

/** No decision is older. */
const EARLIEST = earlier('2000-01-01T00:00:00.000Z', 1);
