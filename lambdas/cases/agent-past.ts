import type { Decision, DecisionReference } from '../decisions/decision.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { DecisionTimeline, shortHash } from './decision-timeline.ts';
import { PRESENT } from '../mining/cases/features.ts';
import { Float64List, Uint32List } from '../mining/cases/number-list.ts';
import type { FeatureValue, MiningSettings } from '../mining/types.ts';
import type { Miner } from '../mining/mine.ts';
import {
  type KnownStatus,
  parseWindowedPath,
  sequencePath,
  type SequencePath,
} from '../mining/cases/windowed-path.ts';

/** Agent, type and time of a decision that another one names as its parent. */
export interface ParentPlace {
  readonly agentId: string;
  readonly decisionType: string;
  readonly time: number;
  readonly hash: number;
}

export function placeOf(parent: DecisionReference | undefined): ParentPlace | undefined {
  const id = parent && parseTypedId(parent.decisionId);
  return (
    id && {
      agentId: parent.agentId,
      decisionType: id.type,
      time: Date.parse(id.timestamp),
      hash: shortHash(parent.decisionId),
    }
  );
}

/** The paths of sequences among these paths, parsed. */
export const sequencesAmong = (paths: Iterable<string>): SequencePath[] =>
  [...new Set(paths)].flatMap((path) => {
    const windowed = parseWindowedPath(path);
    return windowed?.kind === 'after' ? [windowed] : [];
  });

interface KnownTimeline {
  readonly agentId: string;
  readonly timeline: DecisionTimeline;
  /** Paths by status, for each window that is needed. */
  readonly windows: Map<number, Readonly<Record<KnownStatus, string>>>;
}

const timelineName = (agentId: string, decisionType: string): string => `${agentId}#${decisionType}`;

/** Earlier decisions that may precede an agent's own: its own of every type, and those of agents it follows up. */
export class AgentPast {
  readonly agentId: string;
  readonly #known = new Map<string, KnownTimeline>();
  readonly #parents = new Map<string, number>();

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  /** A timeline, with the statuses within a window. Another call adds another window. */
  timeline(agentId: string, decisionType: string, windowMs: number): DecisionTimeline {
    const name = timelineName(agentId, decisionType);
    let known = this.#known.get(name);
    if (!known)
      this.#known.set(name, (known = { agentId, timeline: new DecisionTimeline(), windows: new Map() }));
    if (!known.windows.has(windowMs)) {
      const pathOf = (status: KnownStatus): string =>
        sequencePath({
          ...(agentId !== this.agentId && { agentId }),
          decisionType,
          status,
          windowMs,
        });
      known.windows.set(windowMs, {
        success: pathOf('success'),
        failure: pathOf('failure'),
        pending: pathOf('pending'),
      });
    }
    return known.timeline;
  }

  /** Notes the agent whose decision this one followed up. */
  noteParent({ parent }: Decision): void {
    if (parent && parent.agentId !== this.agentId)
      this.#parents.set(parent.agentId, (this.#parents.get(parent.agentId) ?? 0) + 1);
  }

  /** Other agents whose decisions are parents of this agent's, the commonest first. */
  get parentAgents(): string[] {
    return [...this.#parents].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([agentId]) => agentId);
  }

  /**
   * Paths of sequences that hold for a decision made at a time.
   * @param linked other agents whose timelines count
   */
  pathsAt(time: number, parent: ParentPlace | undefined, linked: ReadonlySet<string>): string[] {
    const paths: string[] = [];
    const parentName = parent && timelineName(parent.agentId, parent.decisionType);
    for (const [name, { agentId, timeline, windows }] of this.#known)
      for (const [windowMs, path] of windows) {
        if (agentId !== this.agentId && !linked.has(agentId)) continue;
        const own = name === parentName ? parent : undefined;
        for (const status of timeline.statusesAt(time, time - windowMs, own)) paths.push(path[status]);
      }
    return paths;
  }
}

/**
 * The cases of one type whose sequences are not known yet. An agent's decisions are read once, type by type, and any type
 * may precede a case of the first one. So the sequences are added when the last type has been read. 24 bytes a case.
 */
export class WaitingCases {
  readonly #times = new Float64List();
  /** Place of the parent in `#places`, counted from 1; 0 without a parent. */
  readonly #parents = new Uint32List();
  readonly #parentTimes = new Float64List();
  readonly #parentHashes = new Uint32List();
  readonly #names = new Map<string, number>();
  readonly #places: Pick<ParentPlace, 'agentId' | 'decisionType'>[] = [];

  /** Call it in the order in which the miner gets the cases. */
  add({ timestamp, parent }: Decision): void {
    this.#times.push(Date.parse(timestamp));
    const place = placeOf(parent);
    this.#parents.push(place ? this.#codeOf(place) : 0);
    this.#parentTimes.push(place?.time ?? 0);
    this.#parentHashes.push(place?.hash ?? 0);
  }

  /** Adds the sequences to the miner's cases. Agents that none of these cases follows up do not count. */
  extend(miner: Miner, past: AgentPast): void {
    const linked = new Set(this.#places.map(({ agentId }) => agentId));
    const times = this.#times.view();
    const parents = this.#parents.view();
    const parentTimes = this.#parentTimes.view();
    const hashes = this.#parentHashes.view();
    for (let row = 0; row < times.length; row++) {
      const place = this.#places[parents[row]! - 1];
      const parent = place && { ...place, time: parentTimes[row]!, hash: hashes[row]! };
      const paths = past.pathsAt(times[row]!, parent, linked);
      if (paths.length > 0)
        miner.extend(row, new Map(paths.map((path): [string, FeatureValue] => [path, PRESENT])));
    }
  }

  #codeOf(place: ParentPlace): number {
    const name = timelineName(place.agentId, place.decisionType);
    let code = this.#names.get(name);
    if (code === undefined) {
      const { agentId, decisionType } = place;
      code = this.#places.push({ agentId, decisionType });
      this.#names.set(name, code);
    }
    return code;
  }
}

/** The longest sequence window, of the configuration and of the given paths. */
export const longestSequence = (settings: MiningSettings, asked: Iterable<string>): number =>
  Math.max(settings.sequenceWindowMs, ...sequencesAmong(asked).map(({ windowMs }) => windowMs));
