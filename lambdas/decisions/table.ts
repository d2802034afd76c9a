import { entityOf, partOf } from '../shared/dynamodb/entity.ts';
import { changes, type Expression, says } from '../shared/dynamodb/expressions.ts';
import type { Query, SortRange } from '../shared/dynamodb/query.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { canonicalJson, parseTypedId } from '../shared/platform/ids.ts';
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
  NewOutcome,
  Outcome,
} from './decision.ts';
import { newOutcomeSchema } from './fields.ts';

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

/** The part of a decision that is in its keys, which every index projects too. */
export function identityOf(
  item: Item,
): Pick<Decision, 'agentId' | 'decisionType' | 'timestamp' | 'decisionId'> {
  const [agent = '', , decisionType = ''] = String(item[PARTITION_KEY]).split('#');
  const [timestamp = '', decisionId = ''] = String(item[SORT_KEY]).split('#');
  return { agentId: agent.slice('agent:'.length), decisionType, timestamp, decisionId };
}

export const fromItem = (item: Item): Decision => ({
  ...entityOf<Decision>(
    item,
    'outcomeKey',
    'typeKey',
    'timelineKey',
    'chainKey',
    'confidence',
    'qualityScore',
    'payloadHash',
  ),
  ...identityOf(item),
});

/** The attributes that `toMark` shows. */
export const MARK_ATTRIBUTES = [PARTITION_KEY, SORT_KEY, 'outcome.status', 'outcome.occurredAt'] as const;

export function toMark(item: Item): DecisionMark {
  const { decisionId, timestamp } = identityOf(item);
  const outcome = item['outcome'] as DecisionMark['outcome'];
  return { decisionId, timestamp, ...(outcome && { outcome }) };
}

/** A decision's name and its current outcome. */
export type ListedDecision = Pick<
  Decision,
  'agentId' | 'decisionId' | 'decisionType' | 'timestamp' | 'status' | 'outcomeRevision'
>;

/** The attributes that `toListed` shows. */
export const LISTED_ATTRIBUTES = [PARTITION_KEY, SORT_KEY, 'status', 'outcomeRevision', 'ttl'] as const;

export const toListed = (item: Item): ListedDecision => ({
  ...identityOf(item),
  ...partOf<Pick<Decision, 'status' | 'outcomeRevision'>>(item, ['status', 'outcomeRevision']),
});

const shown = DECISION_SUMMARY.filter((name) => name !== 'ttl');

/** A summary, from an item of an index that projects it or from a whole one. */
export const toSummary = (item: Item): DecisionSummary => ({
  ...identityOf(item),
  ...partOf<Pick<DecisionSummary, (typeof shown)[number]>>(item, shown),
});

export const SUMMARY_ATTRIBUTES = [PARTITION_KEY, SORT_KEY, ...DECISION_SUMMARY] as const;
export const OVERVIEW_ATTRIBUTES = [...SUMMARY_ATTRIBUTES, 'parent', 'depth'] as const;

export const toOverview = (item: Item): DecisionOverview => ({
  ...toSummary(item),
  ...partOf<Pick<DecisionOverview, 'depth' | 'parent'>>(item, ['depth', 'parent']),
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
export function summaryQuery(query: PartitionQuery): Query | undefined {
  const { index, key, from, to, before, filterType, sessionId } = query;
  // '~' sorts after every character of an id, so this bounds a whole millisecond.
  const end = to === undefined ? undefined : `${to}#~`;
  const until = before !== undefined && (end === undefined || before < end) ? before : end;
  if (from !== undefined && until !== undefined && from > until) return undefined;
  const wanted = {
    ...(filterType !== undefined && { [PARTITION_KEY]: filterType }),
    ...(sessionId !== undefined && { sessionId }),
  };
  return {
    partition: key,
    index,
    sort: rangeOf(from, until),
    descending: true,
    // An index projects nothing else.
    attributes: index ? undefined : SUMMARY_ATTRIBUTES,
    filter: Object.keys(wanted).length > 0 ? says(wanted) : undefined,
  };
}

function rangeOf(from: string | undefined, to: string | undefined): SortRange | undefined {
  if (from !== undefined) return to !== undefined ? { from, to } : { from };
  return to !== undefined ? { to } : undefined;
}

/**
 * Puts an outcome in place of the one before, as a whole, and moves the item to the status's partition of the outcome
 * index.
 */
export const outcomeChange = (agentId: string, outcome: Outcome): Expression =>
  changes({
    set: {
      outcome,
      status: outcome.status,
      outcomeKey: outcomeKey(agentId, outcome.status),
      qualityScore: outcome.qualityScore,
    },
    add: { outcomeRevision: 1 },
    remove: outcome.qualityScore === undefined ? ['qualityScore'] : [],
  });

const OUTCOME_FIELDS = Object.keys(newOutcomeSchema.shape) as (keyof NewOutcome)[];

/** The fields by which outcomes are compared. A time of its own counts only where a request states one. */
const comparedFields = (sent: NewOutcome): (keyof NewOutcome)[] =>
  OUTCOME_FIELDS.filter((name) => name !== 'occurredAt' || sent.occurredAt !== undefined);

/** Says whether what is sent is recorded already. A defaulted `occurredAt` does not make it another outcome. */
export const isRecorded = (recorded: Outcome | undefined, sent: NewOutcome): boolean =>
  recorded !== undefined &&
  comparedFields(sent).every((name) => canonicalJson(recorded[name]) === canonicalJson(sent[name]));

/** The same on the row itself, negated: another outcome is recorded, or none. */
export function isAnotherOutcome(sent: NewOutcome): Expression {
  const fields = comparedFields(sent);
  const stated = fields.filter((name) => sent[name] !== undefined);
  return {
    expression: `NOT (${fields
      .map((name) =>
        sent[name] === undefined
          ? `attribute_not_exists(#outcome.#of_${name})`
          : `#outcome.#of_${name} = :of_${name}`,
      )
      .join(' AND ')})`,
    names: {
      '#outcome': 'outcome',
      ...Object.fromEntries(fields.map((name) => [`#of_${name}`, name])),
    },
    values: Object.fromEntries(stated.map((name) => [`:of_${name}`, sent[name]])),
  };
}
