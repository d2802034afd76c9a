import type { DecisionMark } from '../decisions/decision.ts';
import { Float64List, Uint16List, Uint32List } from '../mining/cases/number-list.ts';
import type { KnownStatus } from '../mining/cases/windowed-path.ts';

/**
 * Decisions of the type that are searched for the last one with a known outcome. An agent may make more of them before the
 * first outcome comes. Then that outcome is left out, because the agent has long acted without it.
 */
export const MAX_LOOK_BACK = 100;

const STATUSES = ['pending', 'success', 'failure', 'voided'] as const;

/**
 * One agent's decisions of one type, newest first. Each takes 22 bytes for its time, its outcome, and the time when the
 * outcome was known.
 *
 * Nothing is known before its time: a decision whose outcome has a later `occurredAt` is still pending. Only the latest
 * revision of an outcome is stored. So a decision whose outcome was corrected later counts as pending in between, not as
 * first reported. A voided decision does not count at all.
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

  /** Add the decisions in order, newest first. */
  add({ decisionId, timestamp, outcome }: DecisionMark): void {
    this.#times.push(Date.parse(timestamp));
    this.#knownAt.push(outcome ? Date.parse(outcome.occurredAt) : Infinity);
    this.#statuses.push(outcome ? STATUSES.indexOf(outcome.status) : 0);
    this.#ids.push(shortHash(decisionId));
    this.#viewed = undefined;
  }

  /**
   * Statuses known at `time` of the decisions made before it, but not before `from`. They are the outcome of the last one
   * that had one, and `pending` if the very last had none yet.
   * @param parent one of them that the decision names as its parent; its status goes before that of the others
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

  /** Index of the newest decision made before `time`. */
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

  /** Cached, because it is called millions of times between two additions. */
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
