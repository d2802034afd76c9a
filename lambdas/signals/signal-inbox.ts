import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import type { DecisionLog } from '../decisions/decision-log.ts';
import { keyOf } from '../shared/dynamodb/entity.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ConflictError, NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { isExpired, SECOND_MS } from '../shared/platform/clock.ts';
import type { signalRoutes } from './contract.ts';
import { InboxList, type InboxPage, type InboxQuery, isFinal } from './inbox-list.ts';
import { DEFAULT_LEASE_SECONDS } from './signal-limits.ts';
import type { Delivery } from './signal.ts';
import {
  claimUpdate,
  closeUpdate,
  deliveryKey,
  type DeliveryUpdate,
  fromItem,
  giveUpUpdate,
  isExhausted,
  leaseOf,
  renewUpdate,
} from './table.ts';

type Ack = z.output<NonNullable<typeof signalRoutes.acknowledgeSignal.body>>;
type Claim = Extract<Ack, { status: 'PROCESSING' }>;
type FinalAck = Exclude<Ack, Claim>;

export interface AcknowledgedDelivery extends Delivery {
  /** Present after a claim. */
  readonly leaseId?: string;
}

type Updated = { stored: Item; refused?: undefined } | { stored?: undefined; refused: Item };

/**
 * The deliveries an agent has yet to deal with. Reading takes nothing out. A claim keeps other workers of the same agent
 * away for a while; a final acknowledgement closes the delivery for good. Each is one conditional update of one item, so
 * any number of workers may race.
 */
export class SignalInbox {
  readonly #table: Table;
  readonly #decisions: Pick<DecisionLog, 'exists'>;
  readonly #list: InboxList;

  constructor(table: Table, decisions: Pick<DecisionLog, 'exists'>) {
    this.#table = table;
    this.#decisions = decisions;
    this.#list = new InboxList(table, (item) => this.#giveUp(item));
  }

  /** Pages of `InboxList`. Deliveries that have failed without being closed are closed on the way. */
  async list(agentId: string, query: InboxQuery): Promise<InboxPage> {
    if (query.status === 'FAILED' && query.nextToken === undefined) await this.#list.settle(agentId);
    return this.#list.list(agentId, query);
  }

  /**
   * @throws NotFoundError absent, expired, or delivered to another agent
   * @throws ConflictError closed, claimed by another worker, or closed differently
   * @throws ValidationFailedError at `decisionId` when the agent has no such decision, at `leaseId` when it is missing
   */
  async acknowledge(agentId: string, signalId: string, ack: Ack): Promise<AcknowledgedDelivery> {
    return ack.status === 'PROCESSING'
      ? this.#claim(agentId, signalId, ack)
      : this.#close(agentId, signalId, ack);
  }

  /**
   * Takes a free delivery. Under the id of the live lease it is a repeat: of the claim, where the caller chose the id;
   * else, since the caller has the id from the claim's answer, a wish for more time.
   */
  async #claim(agentId: string, signalId: string, claim: Claim): Promise<AcknowledgedDelivery> {
    if (claim.prolong && claim.leaseId === undefined)
      throw ValidationFailedError.at('leaseId', 'is required to prolong a claim');
    const now = this.#table.clock();
    const leaseId = claim.leaseId ?? randomUUID();
    const leaseUntil = new Date(
      now.getTime() + (claim.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * SECOND_MS,
    ).toISOString();
    const renewal = renewUpdate(now, leaseId, leaseUntil);
    const lease = { leaseId, leaseUntil, isChosen: claim.leaseId !== undefined };
    let updated = await this.#update(agentId, signalId, claim.prolong ? renewal : claimUpdate(now, lease));
    if (!claim.prolong && updated.refused) {
      const held = leaseOf(updated.refused);
      const delivery = fromItem(updated.refused, now);
      if (held?.leaseId === leaseId && !isFinal(delivery.status)) {
        // Sent again because its first answer was lost: the claim, and its lease, are the caller's.
        if (!lease.isChosen || held.isChosen) return { ...delivery, leaseId };
        updated = await this.#update(agentId, signalId, renewal);
      }
    }
    if (updated.stored) return { ...fromItem(updated.stored, now), leaseId };
    const delivery = await this.#asItIs(updated.refused, now);
    if (isFinal(delivery.status)) throw new ConflictError(`The delivery is ${delivery.status} already`);
    if (claim.leaseId) throw new ConflictError('The lease is not the current one');
    throw new ConflictError(`The delivery is claimed until ${delivery.leaseUntil}`);
  }

  async #close(agentId: string, signalId: string, ack: FinalAck): Promise<Delivery> {
    const { decisionId, note, leaseId } = ack;
    if (decisionId !== undefined && !(await this.#decisions.exists({ agentId, decisionId })))
      throw ValidationFailedError.at('decisionId', `${agentId} has no decision ${decisionId}`);
    const now = this.#table.clock();
    const { stored, refused } = await this.#update(agentId, signalId, closeUpdate(now, agentId, ack));
    if (stored) return fromItem(stored, now);
    const delivery = await this.#asItIs(refused, now);
    if (leaseId !== undefined && leaseOf(refused)?.leaseId !== leaseId)
      throw new ConflictError('The lease is not the current one');
    if (!isFinal(delivery.status))
      throw new ConflictError(
        `The delivery is claimed until ${delivery.leaseUntil}: acknowledge it with the leaseId of the claim`,
      );
    // A repeat may leave out the decision and the note.
    const same =
      delivery.status === ack.status &&
      (decisionId === undefined || delivery.decisionId === decisionId) &&
      (note === undefined || delivery.note === note);
    if (!same) throw new ConflictError(`The delivery is ${delivery.status} already, not as acknowledged now`);
    return delivery;
  }

  /** The delivery that refused a change; closed, when its attempts are used up. */
  async #asItIs(refused: Item, now: Date): Promise<Delivery> {
    if (isExhausted(refused, now)) await this.#giveUp(refused);
    return fromItem(refused, now);
  }

  async #giveUp(item: Item): Promise<void> {
    const { change, condition } = giveUpUpdate(this.#table.clock(), item);
    await this.#table.update(keyOf(item), change, { condition });
  }

  /** The item as changed, or the item that refused the change. @throws NotFoundError */
  async #update(agentId: string, signalId: string, { change, condition }: DeliveryUpdate): Promise<Updated> {
    const key = deliveryKey(signalId, agentId);
    if (!key) throw new NotFoundError('No such signal in this inbox');
    const { item, failed } = await this.#table.update(key, change, { condition, returns: 'ALL_NEW' });
    if (!failed) return { stored: item };
    if (!failed.item || isExpired(failed.item, this.#table.clock()))
      throw new NotFoundError('No such signal in this inbox');
    return { refused: failed.item };
  }
}
