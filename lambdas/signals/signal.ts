import type * as z from 'zod';
import type { freeFormSchema } from '../shared/schema/fields.ts';

/** A signal: news one agent tells others. It is stored once per target, as a delivery. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export const openStatuses = ['PENDING', 'PROCESSING'] as const;
export const finalStatuses = ['PROCESSED', 'FAILED', 'IGNORED'] as const;

export type Severity = (typeof severities)[number];
export type FinalStatus = (typeof finalStatuses)[number];
export type DeliveryStatus = (typeof openStatuses)[number] | FinalStatus;

type FreeForm = z.output<typeof freeFormSchema>;

/** What every target is told. */
export interface SignalContent {
  readonly severity: Severity;
  /** 0..1 */
  readonly confidence: number;
  readonly data: Readonly<FreeForm>;
  readonly context?: Readonly<FreeForm>;
  readonly recommendedAction?: string;
}

export interface Signal extends SignalContent {
  readonly signalId: string;
  readonly signalType: string;
  readonly sourceAgent: string;
  /** UTC ISO-8601 in milliseconds; may lie in the past. */
  readonly timestamp: string;
  /** Counted from the write, whatever the timestamp says. */
  readonly expiresAt: string;
}

/** How far one target has come with a signal. */
export interface Progress {
  readonly status: DeliveryStatus;
  /** How often it was claimed. */
  readonly attempt: number;
  /** While PROCESSING: past it the delivery is PENDING again. */
  readonly leaseUntil?: string;
  readonly processedAt?: string;
  /** The decision the signal led to. */
  readonly decisionId?: string;
  readonly note?: string;
}

export interface Delivery extends Signal, Progress {
  readonly targetAgent: string;
}

/** A signal lives at most a day: what should be known longer is a memory. */
export const MAX_TTL_SECONDS = 24 * 60 * 60;
export const DEFAULT_LEASE_SECONDS = 300;
/** As stored. Every target pays for its own copy, and EventBridge takes 256 KB an event. */
export const MAX_SIGNAL_BYTES = 32 * 1024;
/** One transaction writes 100 items; one is left for what may have to join them. */
export const MAX_TARGETS = 99;
/** Replacing all by as many others is one transaction: n deletes, n puts and the agent's own row. */
export const MAX_SUBSCRIPTIONS = 49;
