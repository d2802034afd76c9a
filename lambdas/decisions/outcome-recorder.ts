import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isUnexpired } from '../shared/dynamodb/expressions.ts';
import { assertItemFits, isOversizeError, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, TooLargeError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead } from '../shared/platform/clock.ts';
import type { ChangedDays } from './changed-days.ts';
import type { NewOutcome, Outcome, RecordedOutcome } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import { decisionKey, identityOf, outcomeChange } from './table.ts';

export interface OutcomeRecorderParts {
  readonly table: Table;
  readonly log: DecisionLog;
  readonly registry: AgentRegistry;
  readonly changedDays: ChangedDays;
}

/** Attaches outcomes to decisions, any time later, as often as they need correcting. */
export class OutcomeRecorder {
  readonly #parts: OutcomeRecorderParts;

  constructor(parts: OutcomeRecorderParts) {
    this.#parts = parts;
  }

  /**
   * Replaces the outcome as a whole: one update, so writers at the same moment each raise the revision by one.
   *
   * @throws NotFoundError when the agent has no such decision
   * @throws ValidationFailedError when `occurredAt` lies ahead, or before the decision
   * @throws TooLargeError when the decision with this outcome would not fit an item
   */
  async record(agentId: string, decisionId: string, sent: NewOutcome): Promise<RecordedOutcome> {
    const { table } = this.#parts;
    const key = decisionKey({ agentId, decisionId });
    if (!key) throw new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);
    const identity = identityOf(key);
    const outcome = this.#outcomeOf(sent, identity.timestamp);
    assertItemFits({ ...key, outcome }, 'The outcome');
    await this.#noteActivity(agentId, decisionId, identity.timestamp);
    const { item, failed } = await table
      .update(key, outcomeChange(agentId, outcome), {
        condition: isUnexpired(table.clock()),
        returns: 'UPDATED_NEW',
      })
      .catch((error: unknown) => {
        if (!isOversizeError(error)) throw error;
        throw new TooLargeError(
          `The decision with this outcome would be over ${MAX_ITEM_BYTES} bytes as stored`,
        );
      });
    if (failed) throw new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);
    return {
      ...identity,
      status: outcome.status,
      outcome,
      outcomeRevision: item['outcomeRevision'] as number,
    };
  }

  #outcomeOf(sent: NewOutcome, timestamp: string): Outcome {
    const now = this.#parts.table.clock();
    assertNotAhead(now, sent.occurredAt, 'occurredAt');
    assertNotAhead(now, sent.trade?.exitTime, 'trade.exitTime');
    // A decision may be stamped a few minutes ahead of this clock, and its outcome is not known before it.
    const earliest = now.toISOString() < timestamp ? timestamp : now.toISOString();
    const occurredAt = sent.occurredAt ?? earliest;
    if (occurredAt < timestamp)
      throw ValidationFailedError.at('occurredAt', 'must not lie before the decision');
    return { ...sent, occurredAt };
  }

  /** Runs before the outcome is written, so the nightly run cannot miss it, but only for a decision that exists. */
  async #noteActivity(agentId: string, decisionId: string, timestamp: string): Promise<void> {
    const { log, registry, changedDays } = this.#parts;
    if (registry.isNoted(agentId) && changedDays.isNoted(agentId, timestamp)) return;
    await log.get(agentId, decisionId);
    await Promise.all([registry.noteActivity(agentId), changedDays.note(agentId, timestamp)]);
  }
}
