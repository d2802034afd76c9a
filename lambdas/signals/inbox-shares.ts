import type { Delivery } from './signal.ts';

/** A delivery of a list, newest first by its sort key. */
export interface Listed {
  readonly sortKey: string;
  readonly value: Delivery;
}

/**
 * What one source tells an agent, its urgent signals apart from the others: an alarm must not wait behind the news of its
 * own source either.
 */
export interface Lane {
  readonly sourceAgent: string;
  readonly isUrgent: boolean;
}

/** A lane of which a first page shows no more than its newest deliveries. */
export interface HeldLane extends Lane {
  /** Sort key of the oldest one shown. */
  readonly shownTo: string;
}

/** What a first page shows: everything down to `until`, but of the held lanes only what is above their mark. */
export interface Shown {
  readonly until: string;
  readonly held: readonly HeldLane[];
}

export const urgentSeverities: readonly string[] = ['critical', 'high'];

export const laneOf = ({ sourceAgent, severity }: Delivery): Lane => ({
  sourceAgent,
  isUrgent: urgentSeverities.includes(severity),
});

const nameOf = ({ sourceAgent, isUrgent }: Lane): string => `${isUrgent} ${sourceAgent}`;

/** Deliveries of one lane on a first page, while others wait. Four lanes that flood an inbox still leave none out. */
export const shareOf = (maxResults: number): number => Math.ceil(maxResults / 4);

/** Whether the first page has shown a delivery. */
export const isShown = ({ until, held }: Shown, { sortKey, value }: Listed): boolean => {
  if (sortKey < until) return false;
  const name = nameOf(laneOf(value));
  const mark = held.find((lane) => nameOf(lane) === name);
  return mark === undefined || sortKey >= mark.shownTo;
};

/** The newest mark: every delivery above it was shown. */
export const firstMark = ({ held }: Shown): string =>
  held.map(({ shownTo }) => shownTo).reduce((newest, mark) => (mark > newest ? mark : newest));

/**
 * The first page of an inbox, shared among its lanes. It begins as the newest deliveries. For each one of another lane
 * that waits behind them, the lane with the most gives up its oldest, down to its share.
 */
export class FirstPage {
  readonly #share: number;
  readonly #lanes = new Map<string, { readonly lane: Lane; readonly shown: Listed[]; isHeld: boolean }>();
  /** Sort key of the last delivery taken in. */
  #until: string | undefined;

  /** @param newest the page as it is without shares, newest first */
  constructor(newest: readonly Listed[], maxResults: number) {
    this.#share = shareOf(maxResults);
    for (const one of newest) this.#laneOf(one).shown.push(one);
  }

  /** Lanes with more than their share: the page has room as long as there are any. */
  crowded(): Lane[] {
    return this.#crowded().map(({ lane }) => lane);
  }

  /** Takes in a delivery that waits behind the page, if its lane has a share left. Offer them newest first. */
  offer(waiting: Listed): void {
    const lane = this.#laneOf(waiting);
    const crowded = this.#crowded();
    if (lane.isHeld || crowded.length === 0) return;
    if (lane.shown.length >= this.#share) {
      lane.isHeld = true;
      return;
    }
    // From here on the page has gaps in each of them.
    for (const one of crowded) one.isHeld = true;
    crowded.reduce((a, b) => (b.shown.length > a.shown.length ? b : a)).shown.pop();
    lane.shown.push(waiting);
    this.#until = waiting.sortKey;
  }

  /** The deliveries on the page, newest first. */
  shown(): Listed[] {
    return [...this.#lanes.values()]
      .flatMap(({ shown }) => shown)
      .sort((a, b) => (a.sortKey < b.sortKey ? 1 : -1));
  }

  /** Tells later pages what not to show again; undefined when no delivery was taken in. */
  marks(): Shown | undefined {
    if (this.#until === undefined) return undefined;
    const held = [...this.#lanes.values()].flatMap(({ lane, shown, isHeld }) =>
      isHeld ? [{ ...lane, shownTo: shown.at(-1)!.sortKey }] : [],
    );
    return { until: this.#until, held };
  }

  #crowded() {
    return [...this.#lanes.values()].filter(({ shown }) => shown.length > this.#share);
  }

  #laneOf(one: Listed) {
    const lane = laneOf(one.value);
    const name = nameOf(lane);
    const known = this.#lanes.get(name) ?? { lane, shown: [], isHeld: false };
    this.#lanes.set(name, known);
    return known;
  }
}
