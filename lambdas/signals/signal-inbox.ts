import { randomUUID } from 'node:crypto';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DecisionLookup } from '../decisions/decision-lookup.ts';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { ConflictError, NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { SECOND_MS, isExpired } from '../shared/platform/clock.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { collectPage } from './fill-page.ts';
import {
  DEFAULT_LEASE_SECONDS,
  type Delivery,
  type DeliveryStatus,
  finalStatuses,
  type FinalStatus,
} from './signal.ts';
import {
  claimUpdate,
  closeUpdate,
  deliveryKey,
  fromItem,
  identityOf,
  inboxIndex,
  inboxKey,
  isDeliverySortKey,
  type Item,
  renewUpdate,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface InboxQuery {
  readonly status?: DeliveryStatus;
  readonly signalType?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface Claim {
  readonly status: 'PROCESSING';
  readonly leaseSeconds?: number;
  /** Of a claim to prolong; without it the delivery must be free. */
  readonly leaseId?: string;
}

export interface FinalAck {
  readonly status: FinalStatus;
  readonly decisionId?: string;
  readonly note?: string;
  /** With it, only the holder of the current lease closes the delivery. */
  readonly leaseId?: string;
}

export interface AcknowledgedDelivery extends Delivery {
  /** Present after a claim. */
  readonly leaseId?: string;
}

const isFinal = (status: DeliveryStatus): status is FinalStatus =>
  finalStatuses.some((final) => final === status);

/**
 * What an agent was told and has yet to deal with. Reading takes nothing out; a claim keeps other workers of the same
 * agent away for a while; a final acknowledgement closes the delivery for good. Each is one conditional update of one
 * item, so any number of workers may race.
 */
export class SignalInbox {
  readonly #table: Table;
  readonly #decisions: DecisionLookup;

  constructor(table: Table, decisions: DecisionLookup) {
    this.#table = table;
    this.#decisions = decisions;
  }

  /**
   * Deliveries to an agent, newest first, from the index: the open ones, or those of one status. A delivery just
   * published or closed may be missing or still here for a moment; acknowledging decides on the item itself.
   */
  async list(agentId: string, { status, signalType, maxResults = 20, nextToken }: InboxQuery) {
    const now = this.#table.clock();
    const box = status && isFinal(status) ? 'closed' : 'open';
    const query = { list: 'inbox', agentId, status, signalType };
    const position = decodePageToken(query, nextToken, isDeliverySortKey);
    const page = await collectPage<Delivery>(
      maxResults,
      status !== undefined || signalType !== undefined,
      position === undefined ? undefined : startAfter(agentId, box, position),
      async (start, limit) => {
        const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
          new QueryCommand({
            TableName: this.#table.name,
            IndexName: inboxIndex.name,
            KeyConditionExpression: '#key = :key',
            ExpressionAttributeNames: { '#key': inboxIndex.partitionKey },
            ExpressionAttributeValues: { ':key': inboxKey(agentId, box) },
            ScanIndexForward: false,
            Limit: limit,
            ExclusiveStartKey: start,
          }),
        );
        return {
          last: LastEvaluatedKey,
          entries: Items.map((item) => {
            const delivery = fromItem(item, now);
            const shown =
              !isExpired(item, now) &&
              (status === undefined || delivery.status === status) &&
              (signalType === undefined || delivery.signalType === signalType);
            return { sortKey: String(item[SORT_KEY]), value: shown ? delivery : undefined };
          }),
        };
      },
    );
    return {
      items: page.items,
      nextToken: page.position === undefined ? null : encodePageToken(query, page.position),
      consistency: 'eventual' as const,
    };
  }

  /**
   * @throws NotFoundError absent, expired, or delivered to somebody else
   * @throws ConflictError closed, claimed by another worker, or closed differently
   * @throws ValidationFailedError at `decisionId` when the agent has no such decision
   */
  async acknowledge(agentId: string, signalId: string, ack: Claim | FinalAck): Promise<AcknowledgedDelivery> {
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
    // The SDK sent it twice because the first answer was lost: the lease is ours.
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
    // What a repeat leaves out it does not contradict.
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
    change: Pick<
      ConstructorParameters<typeof UpdateCommand>[0],
      'ConditionExpression' | 'UpdateExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
    >,
  ): Promise<{ stored: Item; refused?: undefined } | { stored?: undefined; refused: Item }> {
    const Key = deliveryKey(signalId, agentId);
    if (!Key) throw new NotFoundError('No such signal in this inbox');
    try {
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key,
          ...change,
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { stored: Attributes! };
    } catch (error) {
      const failed = failedCondition(error);
      if (!failed) throw error;
      if (!failed.item || isExpired(failed.item, this.#table.clock()))
        throw new NotFoundError('No such signal in this inbox');
      return { refused: failed.item };
    }
  }
}

/** Partition keys come from the request: only the signal is the token's to name. */
const startAfter = (agentId: string, box: 'open' | 'closed', position: string): Item => ({
  ...deliveryKey(identityOf(position).signalId, agentId),
  [inboxIndex.partitionKey]: inboxKey(agentId, box),
});
