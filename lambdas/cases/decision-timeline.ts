import type { DecisionMark } from '../decisions/decision.ts';
import { Float64List, Uint16List, Uint32List } from '../mining/cases/number-list.ts';
import type { KnownStatus } from '../mining/cases/windowed-path.ts';

/**
 * Decisions of the type that are looked at to find the last one with a known outcome. An agent that makes more of them
 * before the first outcome comes is not told about that one: it has long acted without it.
 */
export const MAX_LOOK_BACK = 100;

const STATUSES = ['pending', 'success', 'failure', 'voided'] as const;

/**
 * One agent's decisions of one type, newest first: when each was made, how it ended and when that was known, in 22
 * bytes each.
 *
 * Nothing is known before its time: an outcome with `occurredAt` after the moment that is asked about leaves the
 * decision pending. Only the latest revision of an outcome is stored, so one that was corrected later counts as
 * pending in between, not as what it was first said to be. What was voided never was.
 */
export class DecisionTimeline {
  readonly #times = new Float64List();
  readonly #knownAt = new Float64List();
  readonly #statuses = new Uint16List();
  readonly #ids = new Uint32List();
  #viewed: Views | undefined;

  get length(): number {
    return this.#times.length;
  }

  /** Time of the oldest one, Infinity without any. */
  get oldest(): number {
    return this.length === 0 ? Infinity : this.#times.view()[this.length - 1]!;
  }

  /** In order, newest first. */
  add({ decisionId, timestamp, outcome }: DecisionMark): void {
    this.#times.push(Date.parse(timestamp));
    this.#knownAt.push(outcome ? Date.parse(outcome.occurredAt) : Infinity);
    this.#statuses.push(outcome ? STATUSES.indexOf(outcome.status) : 0);
    this.#ids.push(shortHash(decisionId));
    this.#viewed = undefined;
  }

  /**
   * What was known at `time` of the decisions made before it and not before `from`: the outcome of the last one that
   * had one, and whether the very last was still pending.
   * @param parent one of them that the decision names: its status counts before that of the others
   */
  statusesAt(
    time: number,
    from: number,
    parent?: { readonly time: number; readonly hash: number },
  ): KnownStatus[] {
    const { times, knownAt, statuses } = this.#views();
    const statusAt = (index: number) => (knownAt[index]! <= time ? STATUSES[statuses[index]!]! : 'pending');
    const named = parent && parent.time >= from ? this.#find(parent.time, parent.hash) : undefined;
    let last: KnownStatus | undefined;
    let resolved: 'success' | 'failure' | undefined;
    const take = (status: (typeof STATUSES)[number]): void => {
      if (status === 'voided') return;
      last ??= status;
      if (status !== 'pending') resolved ??= status;
    };
    if (named !== undefined) take(statusAt(named));
    const first = this.#firstBefore(time);
    const end = Math.min(times.length, first + MAX_LOOK_BACK);
    for (let i = first; i < end && times[i]! >= from && !resolved; i++) take(statusAt(i));
    return [...(last === 'pending' ? [last] : []), ...(resolved ? [resolved] : [])];
  }

  #find(time: number, hash: number): number | undefined {
    const { times, ids } = this.#views();
    for (let i = this.#firstBefore(time + 1); i < times.length && times[i] === time; i++)
      if (ids[i] === hash) return i;
    return undefined;
  }

  /** The newest one made before `time`. */
  #firstBefore(time: number): number {
    const { times } = this.#views();
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! >= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Asked for millions of times, between two additions. */
  #views() {
    return (this.#viewed ??= {
      times: this.#times.view(),
      knownAt: this.#knownAt.view(),
      statuses: this.#statuses.view(),
      ids: this.#ids.view(),
    });
  }
}

interface Views {
  readonly times: Float64Array;
  readonly knownAt: Float64Array;
  readonly statuses: Uint16Array;
  readonly ids: Uint32Array;
}

/** 32 bits of an id (FNV-1a): tells apart the decisions of one millisecond. */
export function shortHash(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
