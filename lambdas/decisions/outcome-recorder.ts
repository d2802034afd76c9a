import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { ChangedDays } from './changed-days.ts';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { assertItemFits, isOversizeError, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import { NotFoundError, TooLargeError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead } from '../shared/platform/clock.ts';
import type { Decision, Outcome } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import type { newOutcomeSchema } from './fields.ts';
import { decisionKey, identityOf, outcomeUpdate } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export type NewOutcome = z.output<typeof newOutcomeSchema>;

export type RecordedOutcome = Pick<
  Decision,
  'agentId' | 'decisionId' | 'decisionType' | 'timestamp' | 'status' | 'outcomeRevision'
> & { readonly outcome: Outcome };

/** Attaches outcomes to decisions, any time later, as often as they need correcting. */
export class OutcomeRecorder {
  readonly #table: Table;
  readonly #log: DecisionLog;
  readonly #registry: AgentRegistry;
  readonly #changedDays: ChangedDays;

  constructor(table: Table, log: DecisionLog, registry: AgentRegistry, changedDays: ChangedDays) {
    this.#table = table;
    this.#log = log;
    this.#registry = registry;
    this.#changedDays = changedDays;
  }

  /**
   * Replaces the outcome as a whole: one update, so writers at the same moment each raise the revision by one.
   *
   * @throws NotFoundError when the agent has no such decision
   * @throws ValidationFailedError when `occurredAt` lies ahead, or before the decision
   * @throws TooLargeError when the decision with this outcome would not fit an item
   */
  async record(agentId: string, decisionId: string, sent: NewOutcome): Promise<RecordedOutcome> {
    const key = decisionKey({ agentId, decisionId });
    if (!key) throw new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);
    const identity = identityOf(key);
    const outcome = this.#outcomeOf(sent, identity.timestamp);
    assertItemFits({ ...key, outcome }, 'The outcome');
    await this.#noteActivity(agentId, decisionId, identity.timestamp);
    try {
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: key,
          ...outcomeUpdate(agentId, outcome, this.#table.clock()),
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return {
        ...identity,
        status: outcome.status,
        outcome,
        outcomeRevision: Attributes?.['outcomeRevision'] as number,
      };
    } catch (error) {
      if (failedCondition(error)) throw new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);
      if (isOversizeError(error))
        throw new TooLargeError(
          `The decision with this outcome would be over ${MAX_ITEM_BYTES} bytes as stored`,
        );
      throw error;
    }
  }

  #outcomeOf(sent: NewOutcome, timestamp: string): Outcome {
    const now = this.#table.clock();
    assertNotAhead(now, sent.occurredAt, 'occurredAt');
    assertNotAhead(now, sent.trade?.exitTime, 'trade.exitTime');
    // A decision may be stamped a few minutes ahead of this clock, and its outcome is not known before it.
    const earliest = now.toISOString() < timestamp ? timestamp : now.toISOString();
    const occurredAt = sent.occurredAt ?? earliest;
    if (occurredAt < timestamp)
      throw ValidationFailedError.at('occurredAt', 'must not lie before the decision');
    return { ...sent, occurredAt };
  }

  /** Before the outcome is written, so the nightly run cannot miss it; after it is known that there is something to write. */
  async #noteActivity(agentId: string, decisionId: string, timestamp: string): Promise<void> {
    if (this.#registry.isNoted(agentId) && this.#changedDays.isNoted(agentId, timestamp)) return;
    await this.#log.get(agentId, decisionId);
    await Promise.all([this.#registry.noteActivity(agentId), this.#changedDays.note(agentId, timestamp)]);
  }
}
