import type { Table } from '../shared/dynamodb/table.ts';
import { PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { failedCondition, failedTransaction } from '../shared/dynamodb/conditions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
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
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { MAX_SIGNAL_BYTES, MAX_TARGETS, MAX_TTL_SECONDS, type Signal, type SignalContent } from './signal.ts';
import type { Subscriptions } from './subscriptions.ts';
import { deliveriesOf, type Item, notStored, signalFromItem, targetsOf, toItems } from './table.ts';

export interface SignalRequest extends SignalContent {
  readonly signalType: string;
  /** Without them the signal goes to the subscribers of its type. */
  readonly targetAgents?: readonly string[];
  readonly timestamp?: string;
  readonly ttlSeconds?: number;
  readonly clientToken?: string;
}

export interface PublishedSignal extends Signal {
  /** Sorted, without doubles. */
  readonly targetAgents: string[];
}

export interface PublisherPorts {
  readonly table: Table;
  readonly randomPart: RandomPart;
  readonly registry: AgentRegistry;
  readonly subscriptions: Subscriptions;
}

/** Publishes signals: to all targets or to none. */
export class SignalPublisher {
  readonly #ports: PublisherPorts;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
  }

  /**
   * One target costs one conditional put (3 write units up to 1 KB), n a transaction (at most 4n + 2). A repeat with
   * the same clientToken gets the first answer, whoever has subscribed since; the token is known as long as the
   * signal is.
   *
   * @throws ValidationFailedError for an unknown target (at `targetAgents.N`), no subscriber, a timestamp ahead, a
   *   clientToken without a timestamp
   * @throws TooManyTargetsError for more than 99, named or subscribed
   * @throws TooLargeError over 32 KB as stored
   * @throws IdempotencyMismatchError when the token came with another payload
   * @throws ConflictError when what the token published has expired and is being collected
   */
  async publish(sourceAgent: string, request: SignalRequest): Promise<PublishedSignal> {
    const now = this.#ports.table.clock();
    assertNotAhead(now, request.timestamp, 'timestamp');
    if (request.clientToken !== undefined && request.timestamp === undefined)
      throw ValidationFailedError.at('timestamp', 'is required with clientToken');

    const { signalType, targetAgents, ttlSeconds = MAX_TTL_SECONDS, clientToken, ...rest } = request;
    const { timestamp = now.toISOString(), ...content } = rest;
    const bits =
      clientToken === undefined ? this.#ports.randomPart() : tokenPart(sourceAgent, 'signals', clientToken);
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
    await this.#ports.registry.noteActivity(sourceAgent);
    if (await this.#write(items)) return { ...signalFromItem(items[0]!), targetAgents: targets };
    // Either somebody else holds the token, or our own first try arrived and its answer was lost.
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
      : await this.#ports.subscriptions.subscribers(signalType, MAX_TARGETS + 1);
    if (targets.length > MAX_TARGETS)
      throw new TooManyTargetsError([
        { path: 'targetAgents', message: `the signal would go to more than ${MAX_TARGETS} agents` },
      ]);
    if (!named) {
      if (targets.length > 0) return targets;
      throw ValidationFailedError.at('targetAgents', `nobody is subscribed to ${signalType}: name a target`);
    }
    // The sender becomes known by this very write.
    const known = (await this.#ports.registry.registered(targets)).add(sourceAgent);
    const issues: Issue[] = named
      .map((agentId, position) => ({ agentId, path: `targetAgents.${position}` }))
      .filter(({ agentId }) => !known.has(agentId))
      .map(({ agentId, path }) => ({ path, message: `no agent ${agentId} is registered` }));
    if (issues.length > 0) throw new ValidationFailedError(issues, 'Unknown target');
    return targets;
  }

  /** @returns false when one of the items is there already; then none was written */
  async #write(items: readonly Item[]): Promise<boolean> {
    const puts = items.map((Item) => ({ TableName: this.#ports.table.name, Item, ...notStored }));
    try {
      if (puts.length === 1) await this.#ports.table.documents.send(new PutCommand(puts[0]!));
      else
        await this.#ports.table.documents.send(
          new TransactWriteCommand({ TransactItems: puts.map((Put) => ({ Put })) }),
        );
      return true;
    } catch (error) {
      if (failedCondition(error) || failedTransaction(error)) return false;
      throw error;
    }
  }

  /** What was published under this id, as it was answered then. */
  async #published(signalId: string, hash: string): Promise<PublishedSignal | undefined> {
    const { partition, sortKeyPrefix } = deliveriesOf(signalId)!;
    const { Items } = await this.#ports.table.documents.send(
      new QueryCommand({
        TableName: this.#ports.table.name,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': partition, ':prefix': sortKeyPrefix },
        Limit: 1,
      }),
    );
    const first = Items?.[0];
    if (!first) return undefined;
    const targetAgents = targetsOf(first);
    if (!targetAgents) throw new ConflictError('The signal this clientToken published has expired');
    if (first['payloadHash'] !== hash)
      throw new IdempotencyMismatchError('This clientToken came with another payload before');
    return { ...signalFromItem(first), targetAgents };
  }
}
