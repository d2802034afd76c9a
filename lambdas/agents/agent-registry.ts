import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../shared/platform/clock.ts';
import {
  activeHourOf,
  profileKey,
  REGISTRY_BUCKETS,
  registryBucketOf,
  registryIndex,
  registryKey,
} from './table.ts';

/** What the planner needs to know of an agent. */
export interface RegisteredAgent {
  readonly agentId: string;
  readonly agentType: string;
  /** Hour of the wall clock in which it last wrote (`2026-03-01T09`); absent when it never did. */
  readonly activeHour?: string;
}

interface Known {
  readonly activeHour: string;
  readonly decisionTypes: Set<string>;
}

/** A bound on what one warm function instance remembers. */
const MAX_KNOWN_AGENTS = 10_000;

/**
 * Who the agents are. A write under an unknown id registers it; a decision type is on its agent's profile before the
 * first decision of that type is stored, because the nightly run reads the partitions the profile names.
 */
export class AgentRegistry {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(documents: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#documents = documents;
    this.#table = table;
    this.#clock = clock;
  }

  /** Whether `noteActivity` would be free: this instance has seen the agent write these types within the hour. */
  isNoted(agentId: string, decisionTypes: readonly string[] = []): boolean {
    const known = this.#known.get(agentId);
    return (
      known?.activeHour === activeHourOf(this.#clock()) &&
      decisionTypes.every((type) => known.decisionTypes.has(type))
    );
  }

  /**
   * Call before a write in an agent's name. Free when this instance has seen the agent write these types within the
   * hour; one conditional-free update (1 WRU, 2 with the index) otherwise.
   */
  async noteActivity(agentId: string, decisionTypes: readonly string[] = []): Promise<void> {
    if (this.isNoted(agentId, decisionTypes)) return;
    const now = this.#clock();
    const activeHour = activeHourOf(now);
    const known = this.#known.get(agentId);
    const unseen = decisionTypes.filter((type) => !known?.decisionTypes.has(type));
    await this.#documents.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: profileKey(agentId),
        UpdateExpression:
          'SET agentId = :agentId, registryKey = :registryKey, activeHour = :activeHour, ' +
          'agentType = if_not_exists(agentType, :unknown), registeredAt = if_not_exists(registeredAt, :now)' +
          (unseen.length > 0 ? ' ADD decisionTypes :types' : ''),
        ExpressionAttributeValues: {
          ':agentId': agentId,
          ':registryKey': registryKey(registryBucketOf(agentId)),
          ':activeHour': activeHour,
          ':unknown': 'unknown',
          ':now': now.toISOString(),
          ...(unseen.length > 0 && { ':types': new Set(unseen) }),
        },
      }),
    );
    if (this.#known.size >= MAX_KNOWN_AGENTS) this.#known.clear();
    this.#known.set(agentId, {
      activeHour,
      decisionTypes: new Set([...(known?.decisionTypes ?? []), ...decisionTypes]),
    });
  }

  /** Which of these agents are registered (strongly consistent). */
  async registered(agentIds: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let start = 0; start < agentIds.length; start += 100) {
      let keys: Record<string, unknown>[] = [...new Set(agentIds.slice(start, start + 100))].map(profileKey);
      while (keys.length > 0) {
        const answer = await this.#documents.send(
          new BatchGetCommand({
            RequestItems: {
              [this.#table]: {
                Keys: keys,
                ConsistentRead: true,
                ProjectionExpression: 'agentId, registryKey',
              },
            },
          }),
        );
        for (const item of answer.Responses?.[this.#table] ?? [])
          if (item['registryKey']) found.add(item['agentId'] as string);
        keys = answer.UnprocessedKeys?.[this.#table]?.Keys ?? [];
      }
    }
    return found;
  }

  /** Every decision type the agent ever logged, sorted (strongly consistent). */
  async decisionTypes(agentId: string): Promise<string[]> {
    const { Item } = await this.#documents.send(
      new GetCommand({ TableName: this.#table, Key: profileKey(agentId), ConsistentRead: true }),
    );
    return [...((Item?.['decisionTypes'] as Set<string> | undefined) ?? [])].sort();
  }

  /** Every registered agent, page by page. */
  async *all(): AsyncGenerator<RegisteredAgent> {
    for (let bucket = 0; bucket < REGISTRY_BUCKETS; bucket++) {
      let start: Record<string, unknown> | undefined;
      do {
        const page = await this.#documents.send(
          new QueryCommand({
            TableName: this.#table,
            IndexName: registryIndex.name,
            KeyConditionExpression: 'registryKey = :key',
            ExpressionAttributeValues: { ':key': registryKey(bucket) },
            ExclusiveStartKey: start,
          }),
        );
        for (const { agentId, agentType, activeHour } of page.Items ?? [])
          yield { agentId, agentType, activeHour };
        start = page.LastEvaluatedKey;
      } while (start);
    }
  }
}
