import type * as z from 'zod';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isAbsent } from '../shared/dynamodb/expressions.ts';
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
import { payloadHash, type RandomPart, tokenPart, typedId } from '../shared/platform/ids.ts';
import type { signalRoutes } from './contract.ts';
import { MAX_SIGNAL_BYTES, MAX_TARGETS, MAX_TTL_SECONDS } from './signal-limits.ts';
import type { PublishedSignal } from './signal.ts';
import type { Subscriptions } from './subscriptions.ts';
import { deliveriesOf, signalFromItem, targetsOf, toItems } from './table.ts';

export type SignalRequest = z.output<NonNullable<typeof signalRoutes.publishSignal.body>>;

export interface SignalPublisherParts {
  readonly table: Table;
  readonly randomPart: RandomPart;
  readonly registry: AgentRegistry;
  readonly subscriptions: Subscriptions;
}

/** Publishes signals: to all targets or to none. */
export class SignalPublisher {
  readonly #parts: SignalPublisherParts;

  constructor(parts: SignalPublisherParts) {
    this.#parts = parts;
  }

  /**
   * One target costs one conditional put (3 write units up to 1 KB), n a transaction (at most 4n + 2). A repeat with
   * the same clientToken gets the first answer, even if other agents have subscribed since. The token is known as long
   * as the signal is.
   *
   * @throws ValidationFailedError for an unknown target (at `targetAgents.N`), no subscriber, a timestamp ahead, a
   *   clientToken without a timestamp
   * @throws TooManyTargetsError for more than 99, named or subscribed
   * @throws TooLargeError over 32 KB as stored
   * @throws IdempotencyMismatchError when the token came with another payload
   * @throws ConflictError when the signal the token published has expired and is being collected
   */
  async publish(sourceAgent: string, request: SignalRequest): Promise<PublishedSignal> {
    const now = this.#parts.table.clock();
    assertNotAhead(now, request.timestamp, 'timestamp');
    if (request.clientToken !== undefined && request.timestamp === undefined)
      throw ValidationFailedError.at('timestamp', 'is required with clientToken');

    const { signalType, targetAgents, ttlSeconds = MAX_TTL_SECONDS, clientToken, ...rest } = request;
    const { timestamp = now.toISOString(), ...content } = rest;
    const bits =
      clientToken === undefined ? this.#parts.randomPart() : tokenPart(sourceAgent, 'signals', clientToken);
    const signalId = typedId(signalType, new Date(timestamp), bits);
    const named = targetAgents && [...new Set(targetAgents)].sort();
    const hash = payloadHash({ ...request, clientToken: undefined, targetAgents: named });
    const earlier = clientToken === undefined ? undefined : await this.#published(signalId, hash);
    if (earlier) return earlier;

    const targets = await this.#targets(sourceAgent, signalType, targetAgents);
    const items = toItems(
      { signalId, signalType, sourceAgent, timestamp, ...content },
      targets,
      toTtl(now.getTime() + ttlSeconds * SECOND_MS),
      hash,
    );
    // The first item is the largest: it names all targets.
    assertItemFits(items[0]!, 'The signal', MAX_SIGNAL_BYTES);
    await this.#parts.registry.noteActivity(sourceAgent);
    if (await this.#write(items)) return { ...signalFromItem(items[0]!), targetAgents: targets };
    // Either another request holds the token, or our own first try arrived and its answer was lost.
    const winner = await this.#published(signalId, hash);
    if (!winner) throw new UnavailableError('The signal was changed meanwhile; retry');
    return winner;
  }

  async #targets(
    sourceAgent: string,
    signalType: string,
    named: readonly string[] | undefined,
  ): Promise<string[]> {
    const targets = named
      ? [...new Set(named)].sort()
      : await this.#parts.subscriptions.subscribers(signalType, MAX_TARGETS + 1);
    if (targets.length > MAX_TARGETS)
      throw new TooManyTargetsError([
        { path: 'targetAgents', message: `the signal would go to more than ${MAX_TARGETS} agents` },
      ]);
    if (!named) {
      if (targets.length > 0) return targets;
      throw ValidationFailedError.at('targetAgents', `nobody is subscribed to ${signalType}: name a target`);
    }
    // The sender becomes known by this very write.
    const known = (await this.#parts.registry.registered(targets)).add(sourceAgent);
    const issues: Issue[] = named
      .map((agentId, position) => ({ agentId, path: `targetAgents.${position}` }))
      .filter(({ agentId }) => !known.has(agentId))
      .map(({ agentId, path }) => ({ path, message: `no agent ${agentId} is registered` }));
    if (issues.length > 0) throw new ValidationFailedError(issues, 'Unknown target');
    return targets;
  }

  /** @returns false when one of the items is there already; then none was written */
  async #write(items: readonly Item[]): Promise<boolean> {
    const { table } = this.#parts;
    const failed =
      items.length === 1
        ? await table.putIfNew(items[0]!)
        : await table.transact(items.map((item) => table.actions.put(item, isAbsent)));
    return !failed;
  }

  /** The signal published under this id, as it was answered then. */
  async #published(signalId: string, hash: string): Promise<PublishedSignal | undefined> {
    // Expired deliveries hold the id until they are collected.
    const range = { ...deliveriesOf(signalId)!, keepExpired: true, limit: 1 };
    const [first] = (await this.#parts.table.query(range)).items;
    if (!first) return undefined;
    const targetAgents = targetsOf(first);
    if (!targetAgents) throw new ConflictError('The signal this clientToken published has expired');
    if (first['payloadHash'] !== hash)
      throw new IdempotencyMismatchError('This clientToken came with another payload before');
    return { ...signalFromItem(first), targetAgents };
  }
}
