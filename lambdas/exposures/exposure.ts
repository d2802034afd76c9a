/**
 * How memory came before an agent: `match` is an answer of `POST …/patterns/match`, `context` one of
 * `POST …/context`.
 */
export type ExposureKind = 'match' | 'context';

/** What of its memory an agent was shown. */
export interface ShownMemory {
  /** The patterns shown, by id, each with the version it had. */
  readonly patterns: Readonly<Record<string, number>>;
  /** Ids of what else was shown; absent where nothing of the kind was. */
  readonly memories?: readonly string[];
  readonly decisions?: readonly string[];
  readonly sessions?: readonly string[];
  readonly signals?: readonly string[];
}

/**
 * What of its memory an agent was shown, and when. A decision names it by its id; which decisions were made with
 * which patterns in view is the ground that "did memory help?" stands on.
 */
export interface Exposure extends ShownMemory {
  readonly agentId: string;
  /** `EXPOSURE-{ULID}` */
  readonly exposureId: string;
  readonly kind: ExposureKind;
  readonly timestamp: string;
}
