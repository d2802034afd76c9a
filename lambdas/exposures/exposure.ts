import type * as z from 'zod';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { exposureKindSchema, exposureSchema } from './contract.ts';

export type ExposureKind = z.output<typeof exposureKindSchema>;

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

/** An exposure as it is read: a kind of which nothing was shown is an empty list. */
export type ExposureView = ReadonlyDeep<z.output<typeof exposureSchema>>;

export const viewOf = (exposure: Exposure): ExposureView => ({
  agentId: exposure.agentId,
  exposureId: exposure.exposureId,
  kind: exposure.kind,
  timestamp: exposure.timestamp,
  patterns: Object.entries(exposure.patterns).map(([patternId, version]) => ({ patternId, version })),
  memories: exposure.memories ?? [],
  decisions: exposure.decisions ?? [],
  sessions: exposure.sessions ?? [],
  signals: exposure.signals ?? [],
});
