/** The answer that showed an agent its memory: `POST …/patterns/match` or `POST …/context`. */
export type ExposureKind = 'match' | 'context';

/** The part of its memory that an agent was shown. */
export interface ShownMemory {
  /** The patterns shown, by id, each with the version it had. */
  readonly patterns: Readonly<Record<string, number>>;
  /** Ids of the other things shown; a kind of which nothing was shown is absent. */
  readonly memories?: readonly string[];
  readonly decisions?: readonly string[];
  readonly sessions?: readonly string[];
  readonly signals?: readonly string[];
}

/**
 * The part of its memory that an agent was shown, and when. A decision names it by its id: "did memory help?" is
 * answered by which decisions were made with which patterns in view.
 */
export interface Exposure extends ShownMemory {
  readonly agentId: string;
  /** `EXPOSURE-{ULID}` */
  readonly exposureId: string;
  readonly kind: ExposureKind;
  readonly timestamp: string;
}
