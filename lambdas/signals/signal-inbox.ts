import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import type { DecisionLog } from '../decisions/decision-log.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ConflictError, NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { isExpired, SECOND_MS } from '../shared/platform/clock.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { signalRoutes } from './contract.ts';
import { fillPage } from './fill-page.ts';
import { DEFAULT_LEASE_SECONDS, finalStatuses } from './signal-limits.ts';
import type { Delivery, DeliveryStatus, FinalStatus } from './signal.ts';
import {
  type Box,
  claimUpdate,
  closeUpdate,
  deliveryKey,
  type DeliveryUpdate,
  fromItem,
  identityOf,
  inboxIndex,
  inboxKey,
  renewUpdate,
} from './table.ts';

export type InboxQuery = z.output<typeof signalRoutes.listInbox.query>;

type Ack = z.output<NonNullable<typeof signalRoutes.acknowledgeSignal.body>>;
/** Takes the delivery, or with a `leaseId` prolongs the claim: without one the delivery must be free. */
type Claim = Extract<Ack, { status: 'PROCESSING' }>;
type FinalAck = Exclude<Ack, Claim>;

export interface AcknowledgedDelivery extends Delivery {
  /** Present after a claim. */
  readonly leaseId?: string;
}

const isFinal = (status: DeliveryStatus): status is FinalStatus =>
  finalStatuses.some((final) => final === status);

/**
 * The deliveries an agent has yet to deal with. Reading takes nothing out. A claim keeps other workers of the same agent
 * away for a while; a final acknowledgement closes the delivery for good. Each is one conditional update of one item, so
 * any number of workers may race.
 */
export class SignalInbox {
  readonly #table: Table;
  readonly #decisions: Pick<DecisionLog, 'exists'>;

  constructor(table: Table, decisions: Pick<DecisionLog, 'exists'>) {
    this.#table = table;
    this.#decisions = decisions;
  }

  /**
   * Deliveries to an agent, newest first, from the index: the open ones, or those of one status. A delivery just
   * published or closed may be missing or still here for a moment; acknowledging decides on the item itself.
   */
  async list(agentId: string, { status, signalType, maxResults, nextToken }: InboxQuery) {
    const box = status && isFinal(status) ? 'closed' : 'open';
    const page = await fillPage<Delivery>({
      scope: { list: 'inbox', agentId, status, signalType },
      maxResults,
      nextToken,
      keyAt: (position) => keyAt(agentId, box, position),
      filtered: status !== undefined || signalType !== undefined,
      read: async (start, limit) => {
        const { items, last } = await this.#table.query({
          partition: inboxKey(agentId, box),
          index: inboxIndex,
          descending: true,
          limit,
          start,
        });
        const now = this.#table.clock();
        return {
          last,
          entries: items.map((item) => {
            const delivery = fromItem(item, now);
            const shown =
              (status === undefined || delivery.status === status) &&
              (signalType === undefined || delivery.signalType === signalType);
            return { sortKey: String(item[SORT_KEY]), value: shown ? delivery : undefined };
          }),
        };
      },
    });
    return { ...page, consistency: 'eventual' as const };
  }

  /**
   * @throws NotFoundError absent, expired, or delivered to another agent
   * @throws ConflictError closed, claimed by another worker, or closed differently
   * @throws ValidationFailedError at `decisionId` when the agent has no such decision
   */
  async acknowledge(agentId: string, signalId: string, ack: Ack): Promise<AcknowledgedDelivery> {
    return ack.status === 'PROCESSING'
      ? this.#claim(agentId, signalId, ack)
      : this.#close(agentId, signalId, ack);
  }

  async #claim(agentId: string, signalId: string, claim: Claim): Promise<AcknowledgedDelivery> {
    const now = this.#table.clock();
    const leaseId = claim.leaseId ?? randomUUID();
    const leaseUntil = new Date(
      now.getTime() + (claim.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * SECOND_MS,
    ).toISOString();
    const update = claim.leaseId ? renewUpdate : claimUpdate;
    const { stored, refused } = await this.#update(agentId, signalId, update(now, leaseId, leaseUntil));
    if (stored) return { ...fromItem(stored, now), leaseId };
    const delivery = fromItem(refused, now);
    // The claim was sent again because its first answer was lost: the lease is ours.
    if (!claim.leaseId && refused['leaseId'] === leaseId) return { ...delivery, leaseId };
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
    const delivery = fromItem(refused, now);
    if (leaseId !== undefined && refused['leaseId'] !== leaseId)
      throw new ConflictError('The lease is not the current one');
    // A repeat may leave out the decision and the note.
    const same =
      delivery.status === ack.status &&
      (decisionId === undefined || delivery.decisionId === decisionId) &&
      (note === undefined || delivery.note === note);
    if (!same) throw new ConflictError(`The delivery is ${delivery.status} already, not as acknowledged now`);
    return delivery;
  }

  /** The item as changed, or the item that refused the change. @throws NotFoundError */
  async #update(
    agentId: string,
    signalId: string,
    { change, condition }: DeliveryUpdate,
  ): Promise<{ stored: Item; refused?: undefined } | { stored?: undefined; refused: Item }> {
    const key = deliveryKey(signalId, agentId);
    if (!key) throw new NotFoundError('No such signal in this inbox');
    const { item, failed } = await this.#table.update(key, change, { condition, returns: 'ALL_NEW' });
    if (!failed) return { stored: item };
    if (!failed.item || isExpired(failed.item, this.#table.clock()))
      throw new NotFoundError('No such signal in this inbox');
    return { refused: failed.item };
  }
}

/** Partition keys come from the request: a token names the signal only. */
const keyAt = (agentId: string, box: Box, position: string): Item => ({
  ...deliveryKey(identityOf(position).signalId, agentId),
  [inboxIndex.partitionKey]: inboxKey(agentId, box),
});
