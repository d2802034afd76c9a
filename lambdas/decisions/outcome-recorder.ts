import type { AgentRegistry } from '../agents/agent-registry.ts';
import { allOf, isUnexpired } from '../shared/dynamodb/expressions.ts';
import { assertItemFits, isOversizeError, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { NotFoundError, TooLargeError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, isExpired } from '../shared/platform/clock.ts';
import type { ChangedDays } from './changed-days.ts';
import type { Decision, NewOutcome, Outcome, RecordedOutcome } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import { decisionKey, fromItem, identityOf, isAnotherOutcome, isRecorded, outcomeChange } from './table.ts';

export interface OutcomeRecorderParts {
  readonly table: Table;
  readonly log: DecisionLog;
  readonly registry: AgentRegistry;
  readonly changedDays: ChangedDays;
}

/** The recorded outcome, and whether this request recorded it: the same outcome again changes nothing. */
export interface Recording {
  readonly recorded: RecordedOutcome;
  readonly isNew: boolean;
}

/** Attaches outcomes to decisions, any time later, as often as they need correcting. */
export class OutcomeRecorder {
  readonly #parts: OutcomeRecorderParts;

  constructor(parts: OutcomeRecorderParts) {
    this.#parts = parts;
  }

  /**
   * Replaces the outcome as a whole: one update, so writers at the same moment each raise the revision by one. The same
   * outcome again, sent because its answer was lost, is the same revision and writes nothing.
   *
   * @throws NotFoundError when the agent has no such decision
   * @throws ValidationFailedError when `occurredAt` lies ahead, or before the decision
   * @throws TooLargeError when the decision with this outcome would not fit an item
   */
  async record(agentId: string, decisionId: string, sent: NewOutcome): Promise<Recording> {
    const { table } = this.#parts;
    const key = decisionKey({ agentId, decisionId });
    if (!key) throw noDecision(agentId, decisionId);
    const identity = identityOf(key);
    const outcome = this.#outcomeOf(sent, identity.timestamp);
    assertItemFits({ ...key, outcome }, 'The outcome');
    const repeated = await this.#noteActivity(agentId, decisionId, identity.timestamp, sent);
    if (repeated) return repeated;
    const now = table.clock();
    const { item, failed } = await table
      .update(key, outcomeChange(agentId, outcome), {
        condition: allOf(isUnexpired(now), isAnotherOutcome(sent)),
        returns: 'UPDATED_NEW',
      })
      .catch((error: unknown) => {
        if (!isOversizeError(error)) throw error;
        throw new TooLargeError(
          `The decision with this outcome would be over ${MAX_ITEM_BYTES} bytes as stored`,
        );
      });
    if (!failed) {
      const { status } = outcome;
      const outcomeRevision = item['outcomeRevision'] as number;
      return { recorded: { ...identity, status, outcome, outcomeRevision }, isNew: true };
    }
    if (!failed.item || isExpired(failed.item, now)) throw noDecision(agentId, decisionId);
    return repeatOf(fromItem(failed.item));
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

  /**
   * Runs before the outcome is written, so the nightly run cannot miss it, but only for a decision that exists.
   * @returns the recording made before when this is its repeat; then nothing is noted
   */
  async #noteActivity(
    agentId: string,
    decisionId: string,
    timestamp: string,
    sent: NewOutcome,
  ): Promise<Recording | undefined> {
    const { log, registry, changedDays } = this.#parts;
    if (registry.isNoted(agentId) && changedDays.isNoted(agentId, timestamp)) return undefined;
    const decision = await log.get(agentId, decisionId);
    if (isRecorded(decision.outcome, sent)) return repeatOf(decision);
    await Promise.all([registry.noteActivity(agentId), changedDays.note(agentId, timestamp)]);
    return undefined;
  }
}

const noDecision = (agentId: string, decisionId: string) =>
  new NotFoundError(`Agent ${agentId} has no decision ${decisionId}`);

function repeatOf({ agentId, decisionId, decisionType, timestamp, ...decision }: Decision): Recording {
  const { status, outcome, outcomeRevision } = decision;
  if (!outcome) throw new Error(`decision ${decisionId} has no outcome to repeat`);
  const identity = { agentId, decisionId, decisionType, timestamp };
  return { recorded: { ...identity, status, outcome, outcomeRevision }, isNew: false };
}
