import type * as z from 'zod';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isAbsent, isVacant } from '../shared/dynamodb/expressions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import {
  ConflictError,
  IdempotencyMismatchError,
  type Issue,
  TooManyTargetsError,
  UnavailableError,
  ValidationFailedError,
} from '../shared/errors.ts';
import { assertNotAhead, SECOND_MS, toTtl } from '../shared/platform/clock.ts';
import { payloadHash, type RandomPart, risingPart, tokenPart, typedId } from '../shared/platform/ids.ts';
import type { InvocationDeadline } from '../shared/platform/invocation-deadline.ts';
import { type Broadcast, unheardKey } from './broadcast-table.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { signalRoutes } from './contract.ts';
import { MAX_SIGNAL_BYTES, MAX_SUBSCRIBERS, MAX_TARGETS, MAX_TTL_SECONDS } from './signal-limits.ts';
import type { Signal, SignalReceipt } from './signal.ts';
import type { Subscriptions } from './subscriptions.ts';
import { deliveriesOf, signalFromItem, targetsOf, toItems } from './table.ts';

export type SignalRequest = z.output<NonNullable<typeof signalRoutes.publishSignal.body>>;

export interface SignalPublisherParts {
  readonly table: Table;
  /** `agent_state`: it remembers the tokens of signals without a subscriber. */
  readonly state: Table;
  readonly randomPart: RandomPart;
  readonly registry: AgentRegistry;
  readonly subscriptions: Subscriptions;
  readonly broadcasts: Broadcasts;
  readonly deadline: Pick<InvocationDeadline, 'allows'>;
}

/** A signal before it is written. */
interface Draft {
  readonly signal: Omit<Signal, 'expiresAt'>;
  readonly payloadHash: string;
  readonly ttl: number;
}

/** Time a part of a broadcast may take, its pause included. With less of it left, the sweep serves the rest. */
const PART_MS = 6_000;

/** Publishes signals: to all named targets or to none, or to every subscriber of their type. */
export class SignalPublisher {
  readonly #parts: SignalPublisherParts;
  /** Signals of one instance with equal timestamps keep their order in an inbox: their ids rise. */
  readonly #nextPart: (time: Date) => Uint8Array;

  constructor(parts: SignalPublisherParts) {
    this.#parts = parts;
    this.#nextPart = risingPart(parts.randomPart);
  }

  /**
   * One target costs one conditional put (3 write units up to 1 KB), n a transaction (at most 4n + 2). More subscribers
   * than one transaction takes are stored as a list and served in parts. A repeat with the same clientToken gets the
   * first answer, even if other agents have subscribed since. The token is known as long as the signal is.
   *
   * @throws ValidationFailedError for an unknown target (at `targetAgents.N`), a timestamp ahead, a clientToken without
   *   a timestamp
   * @throws TooManyTargetsError for more than 99 named, or 1,000 subscribed
   * @throws TooLargeError over 32 KB as stored
   * @throws IdempotencyMismatchError when the token came with another payload
   * @throws ConflictError when the signal the token published has expired and is being collected
   */
  async publish(sourceAgent: string, request: SignalRequest): Promise<SignalReceipt> {
    const now = this.#parts.table.clock();
    assertNotAhead(now, request.timestamp, 'timestamp');
    if (request.clientToken !== undefined && request.timestamp === undefined)
      throw ValidationFailedError.at('timestamp', 'is required with clientToken');

    const draft = this.#draftOf(sourceAgent, request, now);
    const isRepeatable = request.clientToken !== undefined;
    const earlier = isRepeatable
      ? await this.#published(draft, request.targetAgents === undefined)
      : undefined;
    if (earlier) return earlier;

    const targets = request.targetAgents
      ? await this.#namedTargets(sourceAgent, request.targetAgents)
      : await this.#subscribers(request.signalType);
    // The first item is the largest: it names the targets.
    const [first] = toItems(draft.signal, targets.slice(0, MAX_TARGETS), draft.ttl, draft.payloadHash);
    if (first) assertItemFits(first, 'The signal', MAX_SIGNAL_BYTES);
    await this.#parts.registry.noteActivity(sourceAgent);
    if (targets.length === 0) return this.#withoutSubscriber(draft, isRepeatable);
    return targets.length > MAX_TARGETS ? this.#broadcast(draft, targets, now) : this.#send(draft, targets);
  }

  #draftOf(sourceAgent: string, request: SignalRequest, now: Date): Draft {
    const { signalType, targetAgents, ttlSeconds = MAX_TTL_SECONDS, clientToken, ...rest } = request;
    const { timestamp = now.toISOString(), ...content } = rest;
    const time = new Date(timestamp);
    const bits =
      clientToken === undefined ? this.#nextPart(time) : tokenPart(sourceAgent, 'signals', clientToken);
    return {
      signal: {
        signalId: typedId(signalType, time, bits),
        signalType,
        sourceAgent,
        timestamp,
        ...content,
      },
      payloadHash: payloadHash({
        ...request,
        clientToken: undefined,
        targetAgents: targetAgents && sortedOnce(targetAgents),
      }),
      ttl: toTtl(now.getTime() + ttlSeconds * SECOND_MS),
    };
  }

  async #namedTargets(sourceAgent: string, named: readonly string[]): Promise<string[]> {
    const targets = sortedOnce(named);
    if (targets.length > MAX_TARGETS) throw tooMany(MAX_TARGETS);
    // The sender becomes known by this very write.
    const known = (await this.#parts.registry.registered(targets)).add(sourceAgent);
    const issues: Issue[] = named
      .map((agentId, position) => ({ agentId, path: `targetAgents.${position}` }))
      .filter(({ agentId }) => !known.has(agentId))
      .map(({ agentId, path }) => ({ path, message: `no agent ${agentId} is registered` }));
    if (issues.length > 0) throw new ValidationFailedError(issues, 'Unknown target');
    return targets;
  }

  async #subscribers(signalType: string): Promise<string[]> {
    const subscribers = await this.#parts.subscriptions.subscribers(signalType, MAX_SUBSCRIBERS + 1);
    if (subscribers.length > MAX_SUBSCRIBERS) throw tooMany(MAX_SUBSCRIBERS);
    return subscribers;
  }

  /** All targets or none. */
  async #send(draft: Draft, targets: readonly string[]): Promise<SignalReceipt> {
    const { table } = this.#parts;
    const items = toItems(draft.signal, targets, draft.ttl, draft.payloadHash);
    const failed =
      items.length === 1
        ? await table.putIfNew(items[0]!)
        : await table.transact(items.map((item) => table.actions.put(item, isAbsent)));
    if (!failed) return receiptOf(items[0]!, targets.length);
    // Either another request holds the token, or our own first try arrived and its answer was lost.
    return this.#winner(draft);
  }

  /** Every subscriber, in parts; the answer says how many have it. */
  async #broadcast(draft: Draft, targets: readonly string[], now: Date): Promise<SignalReceipt> {
    const { broadcasts } = this.#parts;
    const { signalId } = draft.signal;
    const mine = { ...draft, targets, begunAt: now.getTime() };
    const begun = await broadcasts.begin(mine);
    if (begun !== mine) {
      assertSamePayload(begun.payloadHash, draft);
      return this.#resume(begun);
    }
    // Another request with the same token may have finished before this one stored its list.
    const earlier = await this.#first(signalId);
    if (earlier) {
      await broadcasts.withdraw(signalId);
      return this.#winner(draft);
    }
    const delivered = await broadcasts.serve(mine, this.#isLate);
    return broadcastReceipt(mine, delivered);
  }

  readonly #isLate = (): boolean => !this.#parts.deadline.allows(PART_MS);

  async #resume(broadcast: Broadcast): Promise<SignalReceipt> {
    const { broadcasts } = this.#parts;
    const { signalId } = broadcast.signal;
    const isFinished = await broadcasts.resume(signalId, this.#isLate);
    const { length } = broadcast.targets;
    return broadcastReceipt(broadcast, isFinished ? length : (await broadcasts.served(signalId)).size);
  }

  /** A success. Its token, if it has one, is remembered: a repeat must not reach agents that subscribed since. */
  async #withoutSubscriber(draft: Draft, isRepeatable: boolean): Promise<SignalReceipt> {
    const { signal, payloadHash: hash, ttl } = draft;
    if (!isRepeatable) return unheardReceipt(draft, ttl);
    const row = { ...unheardKey(signal.sourceAgent, signal.signalId), payloadHash: hash, ttl };
    const failed = await this.#parts.state.putIf(row, isVacant(this.#parts.state.clock()));
    if (!failed?.item) return unheardReceipt(draft, ttl);
    assertSamePayload(failed.item['payloadHash'], draft);
    return unheardReceipt(draft, Number(failed.item['ttl']));
  }

  async #winner(draft: Draft): Promise<SignalReceipt> {
    const winner = await this.#published(draft, true);
    if (!winner) throw new UnavailableError('The signal was changed meanwhile; retry');
    return winner;
  }

  /**
   * The signal published under this id, as it was answered then. A broadcast that was left unfinished goes on.
   *
   * @param isToSubscribers it may be on its way to many, or have had no subscriber
   */
  async #published(draft: Draft, isToSubscribers: boolean): Promise<SignalReceipt | undefined> {
    const { broadcasts, state } = this.#parts;
    const { signalId, sourceAgent } = draft.signal;
    const first = await this.#first(signalId);
    const targets = first && targetsOf(first);
    if (first && !targets) throw new ConflictError('The signal this clientToken published has expired');
    if (first) assertSamePayload(first['payloadHash'], draft);
    if (isToSubscribers && (!targets || targets.targetCount > MAX_TARGETS)) {
      const [broadcast, unheard] = await Promise.all([
        broadcasts.find(signalId),
        first ? undefined : state.get(unheardKey(sourceAgent, signalId)),
      ]);
      if (broadcast) {
        assertSamePayload(broadcast.payloadHash, draft);
        return this.#resume(broadcast);
      }
      if (unheard) {
        assertSamePayload(unheard['payloadHash'], draft);
        return unheardReceipt(draft, Number(unheard['ttl']));
      }
    }
    return first && targets && receiptOf(first, targets.targetCount);
  }

  /** Expired deliveries hold the id until they are collected. */
  async #first(signalId: string): Promise<Item | undefined> {
    const range = { ...deliveriesOf(signalId)!, keepExpired: true, limit: 1 };
    return (await this.#parts.table.query(range)).items[0];
  }
}

const sortedOnce = (agentIds: readonly string[]): string[] => [...new Set(agentIds)].sort();

const tooMany = (most: number): Error =>
  new TooManyTargetsError([
    { path: 'targetAgents', message: `the signal would go to more than ${most} agents` },
  ]);

function assertSamePayload(stored: unknown, draft: Draft): void {
  if (stored !== draft.payloadHash)
    throw new IdempotencyMismatchError('This clientToken came with another payload before');
}

const receiptOf = (first: Item, deliveredCount: number): SignalReceipt => ({
  ...signalFromItem(first),
  ...targetsOf(first)!,
  deliveredCount,
});

const expiryOf = (ttl: number): string => new Date(ttl * SECOND_MS).toISOString();

const broadcastReceipt = ({ signal, targets, ttl }: Broadcast, deliveredCount: number): SignalReceipt => ({
  ...signal,
  expiresAt: expiryOf(ttl),
  targetAgents: targets.slice(0, MAX_TARGETS),
  targetCount: targets.length,
  deliveredCount,
});

const unheardReceipt = ({ signal }: Draft, ttl: number): SignalReceipt => ({
  ...signal,
  expiresAt: expiryOf(ttl),
  targetAgents: [],
  targetCount: 0,
  deliveredCount: 0,
});
