/** How memory came before an agent: `match` is an answer of `POST …/patterns/match`. */
export type ExposureKind = 'match';

/**
 * What of its memory an agent was shown, and when. A decision names it by its id; which decisions were made with
 * which patterns in view is the ground that "did memory help?" stands on.
 */
export interface Exposure {
  readonly agentId: string;
  /** `EXPOSURE-{ULID}` */
  readonly exposureId: string;
  readonly kind: ExposureKind;
  readonly timestamp: string;
  /** The patterns shown, by id, each with the version it had. */
  readonly patterns: Readonly<Record<string, number>>;
}
