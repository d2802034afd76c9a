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

/** Where a decision stands that another names as its parent. */
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

/** The sequences among these paths. */
export const sequencesAmong = (paths: Iterable<string>): SequencePath[] =>
  [...new Set(paths)].flatMap((path) => {
    const windowed = parseWindowedPath(path);
    return windowed?.kind === 'after' ? [windowed] : [];
  });

interface Known {
  readonly agentId: string;
  readonly timeline: DecisionTimeline;
  /** Windows it is asked about, and how their paths read. */
  readonly windows: Map<number, Readonly<Record<KnownStatus, string>>>;
}

const timelineName = (agentId: string, decisionType: string): string => `${agentId}#${decisionType}`;

/** The decisions an agent's own came after: its own of every type, and those of agents whose work it follows up. */
export class AgentPast {
  readonly agentId: string;
  readonly #known = new Map<string, Known>();
  readonly #parents = new Map<string, number>();

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  /** A timeline that is asked for the statuses within a window; asking again adds a window. */
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

  /** Which agent a decision followed up. */
  noteParent({ parent }: Decision): void {
    if (parent && parent.agentId !== this.agentId)
      this.#parents.set(parent.agentId, (this.#parents.get(parent.agentId) ?? 0) + 1);
  }

  /** Other agents whose decisions are parents of this one's, the commonest first. */
  get parentAgents(): string[] {
    return [...this.#parents].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([agentId]) => agentId);
  }

  /**
   * Paths that hold for a decision made at a time.
   * @param linked other agents that are looked at
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
 * The cases of one type that wait to be told what they came after: an agent's decisions are read once, type by type,
 * and what came before one of the first type is known when the last one is read. 24 bytes a case.
 */
export class WaitingCases {
  readonly #times = new Float64List();
  /** Place of the parent's timeline in `#names`, which begins with none. */
  readonly #parents = new Uint32List();
  readonly #parentTimes = new Float64List();
  readonly #parentHashes = new Uint32List();
  readonly #names = new Map<string, number>();
  readonly #places: Pick<ParentPlace, 'agentId' | 'decisionType'>[] = [];

  /** In the order in which the miner gets them. */
  add({ timestamp, parent }: Decision): void {
    this.#times.push(Date.parse(timestamp));
    const place = placeOf(parent);
    this.#parents.push(place ? this.#codeOf(place) : 0);
    this.#parentTimes.push(place?.time ?? 0);
    this.#parentHashes.push(place?.hash ?? 0);
  }

  /** Tells the miner. An agent that none of these cases follows up is not looked at. */
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

/** How far back the features of a decision look, for what is configured and for the paths asked about. */
export const longestSequence = (settings: MiningSettings, asked: Iterable<string>): number =>
  Math.max(settings.sequenceWindowMs, ...sequencesAmong(asked).map(({ windowMs }) => windowMs));
