import type * as z from 'zod';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type {
  chainNodeSchema,
  decisionSchema,
  decisionStatusSchema,
  decisionSummarySchema,
  newDecisionSchema,
  newOutcomeSchema,
  outcomeSchema,
  recordedOutcomeSchema,
  referenceSchema,
} from './fields.ts';

export type DecisionReference = ReadonlyDeep<z.output<typeof referenceSchema>>;
export type DecisionStatus = z.output<typeof decisionStatusSchema>;

/** A decision as the service knows it: the choice, its grounds, and its outcome once there is one. */
export type Decision = ReadonlyDeep<z.output<typeof decisionSchema>>;
export type NewDecision = z.output<typeof newDecisionSchema>;

export type Outcome = ReadonlyDeep<z.output<typeof outcomeSchema>>;
export type OutcomeStatus = Outcome['status'];
export type NewOutcome = z.output<typeof newOutcomeSchema>;
export type RecordedOutcome = ReadonlyDeep<z.output<typeof recordedOutcomeSchema>>;

/** The part of a decision that agents linked with it may be told: its time, and how it ended. */
export interface DecisionMark {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly outcome?: Pick<Outcome, 'status' | 'occurredAt'>;
}

/** A decision as a list shows it. */
export type DecisionSummary = ReadonlyDeep<z.output<typeof decisionSummarySchema>>;

/** A summary with its place in the chain. */
export type DecisionOverview = ReadonlyDeep<z.output<typeof chainNodeSchema>>;
