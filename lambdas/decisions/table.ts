import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { DAY_MS, SECOND_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import {
  DECISION_SUMMARY,
  type IndexSchema,
  PARTITION_KEY,
  SORT_KEY,
  tables,
} from '../shared/schema/tables.ts';
import type {
  Decision,
  DecisionMark,
  DecisionOverview,
  DecisionReference,
  DecisionStatus,
  DecisionSummary,
  Outcome,
} from './decision.ts';

/** Decisions are kept 90 days from the moment they were written, so an imported history lives as long as a live one. */
export const DECISION_RETENTION_MS = 90 * DAY_MS;

export const decisionPartition = (agentId: string, decisionType: string): string =>
  `agent:${agentId}#decision#${decisionType}`;
export const timelineKey = (agentId: string): string => `agent:${agentId}`;
export const outcomeKey = (agentId: string, status: DecisionStatus): string => `agent:${agentId}#${status}`;
export const typeKey = (decisionType: string, timestamp: string): string =>
  `decision_type#${decisionType}#${timestamp.slice(0, 10)}`;
export const chainKey = (root: DecisionReference): string => `chain#${root.agentId}#${root.decisionId}`;
export const decisionSortKey = (timestamp: string, decisionId: string): string =>
  `${timestamp}#${decisionId}`;

/** The primary key of a decision, from its id alone; undefined when no decision can have that id. */
export function decisionKey({ agentId, decisionId }: DecisionReference) {
  const id = parseTypedId(decisionId);
  return (
    id && {
      [PARTITION_KEY]: decisionPartition(agentId, id.type),
      [SORT_KEY]: decisionSortKey(id.timestamp, decisionId),
    }
  );
}

type Item = Record<string, unknown>;

/** Agent, type, timestamp and id stand in the keys and are not stored again. */
export function toItem(decision: Decision): Item {
  const { agentId, decisionId, decisionType, timestamp, reasoning, ...rest } = decision;
  return {
    [PARTITION_KEY]: decisionPartition(agentId, decisionType),
    [SORT_KEY]: decisionSortKey(timestamp, decisionId),
    outcomeKey: outcomeKey(agentId, decision.status),
    typeKey: typeKey(decisionType, timestamp),
    timelineKey: timelineKey(agentId),
    ...(decision.root && { chainKey: chainKey(decision.root) }),
    ...rest,
    ...(reasoning && { reasoning }),
    // Beside `reasoning`, because a summary projects it.
    ...(reasoning?.confidence !== undefined && { confidence: reasoning.confidence }),
    ...(decision.outcome?.qualityScore !== undefined && { qualityScore: decision.outcome.qualityScore }),
    ttl: toTtl(Date.parse(decision.loggedAt) + DECISION_RETENTION_MS),
  };
}

/** What the keys of an item say, also those an index projects. */
export function identityOf(
  item: Item,
): Pick<Decision, 'agentId' | 'decisionType' | 'timestamp' | 'decisionId'> {
  const [agent = '', , decisionType = ''] = String(item[PARTITION_KEY]).split('#');
  const [timestamp = '', decisionId = ''] = String(item[SORT_KEY]).split('#');
  return { agentId: agent.slice('agent:'.length), decisionType, timestamp, decisionId };
}

const INTERNAL = new Set([
  PARTITION_KEY,
  SORT_KEY,
  'outcomeKey',
  'typeKey',
  'timelineKey',
  'chainKey',
  'confidence',
  'qualityScore',
  'ttl',
  'payloadHash',
]);

export const fromItem = (item: Item): Decision => ({
  ...(Object.fromEntries(
    Object.entries(item).filter(([name]) => !INTERNAL.has(name)),
  ) as unknown as Decision),
  ...identityOf(item),
});

/** Reads of a decision no more than `toMark` shows. */
export const MARK_PROJECTION = {
  ProjectionExpression: '#pk, #sk, #outcome.#status, #outcome.occurredAt, #ttl',
  ExpressionAttributeNames: {
    '#pk': PARTITION_KEY,
    '#sk': SORT_KEY,
    '#outcome': 'outcome',
    '#status': 'status',
    '#ttl': 'ttl',
  },
} as const;

export function toMark(item: Item): DecisionMark {
  const { decisionId, timestamp } = identityOf(item);
  const outcome = item['outcome'] as DecisionMark['outcome'];
  return { decisionId, timestamp, ...(outcome && { outcome }) };
}

/** A decision's name, and what it is now. */
export type ListedDecision = Pick<
  DecisionSummary,
  'agentId' | 'decisionId' | 'decisionType' | 'timestamp' | 'status'
> &
  Pick<Decision, 'outcomeRevision'>;

/** Reads of a decision no more than `toListed` shows. */
export const LISTED_PROJECTION = {
  ProjectionExpression: '#base, #order, #status, #revision, #ttl',
  ExpressionAttributeNames: {
    '#base': PARTITION_KEY,
    '#order': SORT_KEY,
    '#status': 'status',
    '#revision': 'outcomeRevision',
    '#ttl': 'ttl',
  },
} as const;

export const toListed = (item: Item): ListedDecision => ({
  ...identityOf(item),
  status: item['status'] as DecisionSummary['status'],
  outcomeRevision: item['outcomeRevision'] as number,
});

const shown = DECISION_SUMMARY.filter((name) => name !== 'ttl');

/** A summary, from an item of an index that projects it or from a whole one. */
export const toSummary = (item: Item): DecisionSummary => ({
  ...identityOf(item),
  ...(Object.fromEntries(
    shown.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])),
  ) as unknown as Pick<DecisionSummary, 'status'>),
});

export const SUMMARY_ATTRIBUTES = [PARTITION_KEY, SORT_KEY, ...DECISION_SUMMARY] as const;
export const OVERVIEW_ATTRIBUTES = [...SUMMARY_ATTRIBUTES, 'parent', 'depth'] as const;

export const toOverview = (item: Item): DecisionOverview => ({
  ...toSummary(item),
  depth: item['depth'] as number,
  ...(item['parent'] !== undefined && { parent: item['parent'] as DecisionReference }),
});

export const decisionIndexes = tables.decisions.indexes;

/** Where a list continues: the sort key of the last decision shown. Partition keys come from the request. */
export const positionOf = (item: Item): string => String(item[SORT_KEY]);

export function isDecisionPosition(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const [timestamp = '', decisionId = ''] = value.split('#');
  return (
    parseTypedId(decisionId)?.timestamp === timestamp && value === decisionSortKey(timestamp, decisionId)
  );
}

export interface PartitionQuery {
  /** Absent: the base table, read strongly. */
  readonly index?: IndexSchema;
  readonly key: string;
  /** Inclusive bounds of the timestamp. */
  readonly from?: string;
  readonly to?: string;
  /** Inclusive too: a position as given by `positionOf`. */
  readonly before?: string;
  /** A base partition (`decisionPartition`) that the items of an index must be in. */
  readonly filterType?: string;
  readonly sessionId?: string;
}

/** Newest first, the attributes of a summary; undefined when the bounds leave nothing. */
export function summaryQuery(table: string, query: PartitionQuery): QueryCommandInput | undefined {
  const { index, key, from, to, before, filterType, sessionId } = query;
  // '~' sorts after every character of an id, so this bounds a whole millisecond.
  const end = to === undefined ? undefined : `${to}#~`;
  const until = before !== undefined && (end === undefined || before < end) ? before : end;
  if (from !== undefined && until !== undefined && from > until) return undefined;
  const range =
    from !== undefined && until !== undefined
      ? ' AND #sk BETWEEN :from AND :until'
      : `${from === undefined ? '' : ' AND #sk >= :from'}${until === undefined ? '' : ' AND #sk <= :until'}`;
  const filters = [
    ...(filterType === undefined ? [] : ['#base = :base']),
    ...(sessionId === undefined ? [] : ['sessionId = :session']),
  ];
  const projection = index ? [] : SUMMARY_ATTRIBUTES.map((name, i) => [`#a${i}`, name] as const);
  return {
    TableName: table,
    ScanIndexForward: false,
    ...(index ? { IndexName: index.name } : { ConsistentRead: true }),
    ...(!index && { ProjectionExpression: projection.map(([name]) => name).join(', ') }),
    KeyConditionExpression: `#pk = :pk${range}`,
    ...(filters.length > 0 && { FilterExpression: filters.join(' AND ') }),
    ExpressionAttributeNames: {
      '#pk': index?.partitionKey ?? PARTITION_KEY,
      ...(range !== '' && { '#sk': SORT_KEY }),
      ...(filterType !== undefined && { '#base': PARTITION_KEY }),
      ...Object.fromEntries(projection),
    },
    ExpressionAttributeValues: {
      ':pk': key,
      ...(from !== undefined && { ':from': from }),
      ...(until !== undefined && { ':until': until }),
      ...(filterType !== undefined && { ':base': filterType }),
      ...(sessionId !== undefined && { ':session': sessionId }),
    },
  };
}

/** Nothing lives under this key, or what did has expired and may be written over. Values: `:now` in ttl seconds. */
export const VACANT = `attribute_not_exists(${PARTITION_KEY}) OR #ttl <= :now`;

/**
 * The update that puts an outcome. It replaces the outcome as a whole and moves the item to the status's partition
 * of the outcome index.
 */
export const outcomeUpdate = (agentId: string, outcome: Outcome, now: Date) => ({
  ConditionExpression: `attribute_exists(${PARTITION_KEY}) AND #ttl > :now`,
  UpdateExpression:
    'SET #outcome = :outcome, #status = :status, outcomeKey = :outcomeKey, ' +
    'outcomeRevision = outcomeRevision + :one' +
    (outcome.qualityScore === undefined ? ' REMOVE qualityScore' : ', qualityScore = :qualityScore'),
  ExpressionAttributeNames: { '#outcome': 'outcome', '#status': 'status', '#ttl': 'ttl' },
  ExpressionAttributeValues: {
    ':outcome': outcome,
    ':status': outcome.status,
    ':outcomeKey': outcomeKey(agentId, outcome.status),
    ':one': 1,
    ':now': ttlNow(now),
    ...(outcome.qualityScore !== undefined && { ':qualityScore': outcome.qualityScore }),
  },
});

/** The wall clock in the unit of `ttl`, such that `ttl <= ttlNow` is `isExpired`. */
export const ttlNow = (now: Date): number => Math.floor(now.getTime() / SECOND_MS);
