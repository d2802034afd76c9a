/**
 * The four tables: keys, indexes, projections. Pure data for the stacks and for each room's
 * `table.ts`, so a key or index name exists in exactly one place.
 *
 * Index keys reuse the base sort key: it already is `{timestamp}#{id}`, and an attribute of its own would be paid
 * for in every item. All indexes exist from the first deploy: CloudFormation adds one per table update, and a
 * projection cannot be changed in place.
 */
export interface IndexSchema {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: { readonly name: string; readonly type: 'S' | 'N' };
  /** `ALL`, `KEYS_ONLY`, or the attributes a list of this index shows. */
  readonly projection: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

export interface TableSchema {
  /** The name locally; deployed, CloudFormation adds the stack and a suffix. */
  readonly name: string;
  /** The environment variable that carries the deployed name. */
  readonly environment: string;
  readonly ttl?: string;
  readonly stream?: 'NEW_AND_OLD_IMAGES';
  readonly indexes: Readonly<Record<string, IndexSchema>>;
}

export const PARTITION_KEY = 'PK';
export const SORT_KEY = 'SK';

const bySortKey = { name: SORT_KEY, type: 'S' } as const;

/**
 * Attributes that a list of decisions shows, beside those in its keys. A read by id returns everything. `ttl` is not
 * shown; a list needs it to drop expired items that are not deleted yet.
 */
export const DECISION_SUMMARY = [
  'action',
  'status',
  'qualityScore',
  'confidence',
  'sessionId',
  'tags',
  'ttl',
] as const;

export const tables = {
  decisions: {
    name: 'agent_decisions',
    environment: 'DECISIONS_TABLE',
    ttl: 'ttl',
    stream: 'NEW_AND_OLD_IMAGES',
    indexes: {
      /** `agent:{agentId}#{pending|success|failure|voided}` */
      outcome: {
        name: 'outcome',
        partitionKey: 'outcomeKey',
        sortKey: bySortKey,
        projection: DECISION_SUMMARY,
      },
      /** `decision_type#{decisionType}#{day}`: one type across agents */
      type: { name: 'type', partitionKey: 'typeKey', sortKey: bySortKey, projection: 'KEYS_ONLY' },
      /** `agent:{agentId}`: short and long term are ranges of it */
      timeline: {
        name: 'timeline',
        partitionKey: 'timelineKey',
        sortKey: bySortKey,
        // By its revision an instance that keeps decisions tells which outcomes were corrected.
        projection: [...DECISION_SUMMARY, 'outcomeRevision'],
      },
      /** `chain#{rootAgent}#{rootId}`: only on decisions that have a parent */
      chain: { name: 'chain', partitionKey: 'chainKey', sortKey: bySortKey, projection: 'KEYS_ONLY' },
    },
  },
  memory: {
    name: 'agent_memory_ltm',
    environment: 'MEMORY_TABLE',
    indexes: {
      confidence: {
        name: 'confidence',
        partitionKey: PARTITION_KEY,
        sortKey: { name: 'confidence', type: 'N' },
        projection: 'ALL',
      },
      /** `shared#{memoryType}`: what is shared with all */
      shared: {
        name: 'shared',
        partitionKey: 'sharedKey',
        sortKey: { name: 'confidence', type: 'N' },
        projection: 'ALL',
      },
    },
  },
  state: {
    name: 'agent_state',
    environment: 'STATE_TABLE',
    ttl: 'ttl',
    stream: 'NEW_AND_OLD_IMAGES',
    indexes: {
      /** `registry#{0..7}` / agentId: profiles only */
      registry: {
        name: 'registry',
        partitionKey: 'registryKey',
        sortKey: { name: 'agentId', type: 'S' },
        projection: [
          'agentType',
          'agentVersion',
          'capabilities',
          'registeredAt',
          'lastHeartbeatAt',
          'activeHour',
        ],
      },
    },
  },
  signals: {
    name: 'agent_signals',
    environment: 'SIGNALS_TABLE',
    ttl: 'ttl',
    stream: 'NEW_AND_OLD_IMAGES',
    indexes: {
      /** `target:{agentId}#{open|closed}`: an inbox is one query */
      inbox: { name: 'inbox', partitionKey: 'inboxKey', sortKey: bySortKey, projection: 'ALL' },
      /** `source:{agentId}`: only on the first target's item */
      sent: { name: 'sent', partitionKey: 'sentKey', sortKey: bySortKey, projection: 'KEYS_ONLY' },
    },
  },
} as const satisfies Record<string, TableSchema>;

export type TableName = keyof typeof tables;
