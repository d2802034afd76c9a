import { entityOf } from '../shared/dynamodb/entity.ts';
import type { Expression } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { ERASED_MARK_RETENTION_MS } from '../shared/erased-marks.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type ErasureCounts, type ErasureRecord, type UserSession, zeroCounts } from './erasure.ts';

/**
 * Erasures in `agent_state`.
 *
 * - `erasure:{erasureId}` / `ERASURE`: the job, its counters and its result; 90 days
 * - `erasure:{erasureId}` / `SESSION#{agentId}#{sessionId}`: sessions of the user it is about; two days
 */
const ERASURE_RETENTION_MS = 90 * DAY_MS;

export const erasureKey = (erasureId: string) => ({
  [PARTITION_KEY]: `erasure:${erasureId}`,
  [SORT_KEY]: 'ERASURE',
});

/** There is such an erasure, as it was requested: not just a row that an update made. */
export const isRequested: Expression = {
  expression: 'attribute_exists(#requestedAt)',
  names: { '#requestedAt': 'requestedAt' },
};

const SESSION_PREFIX = 'SESSION#';

/** Query of the sessions kept with an erasure. */
export const sessionsOf = (erasureId: string) => ({
  partition: erasureKey(erasureId)[PARTITION_KEY],
  sort: { prefix: SESSION_PREFIX },
});

export const sessionKey = (erasureId: string, { agentId, sessionId }: UserSession) => ({
  ...erasureKey(erasureId),
  [SORT_KEY]: `${SESSION_PREFIX}${agentId}#${sessionId}`,
});

export function sessionFromItem(item: Item): UserSession {
  const [, agentId = '', sessionId = ''] = String(item[SORT_KEY]).split('#');
  return { agentId, sessionId };
}

/** A kept session stays as long as its mark. */
export const sessionTtl = (now: Date): number => toTtl(now.getTime() + ERASED_MARK_RETENTION_MS);

/** Counters are attributes of their own, because ADD counts top-level attributes only. */
export const toItem = ({ removed, ...record }: ErasureRecord): Item => ({
  ...erasureKey(record.erasureId),
  ...record,
  ...removed,
  ttl: toTtl(Date.parse(record.requestedAt) + ERASURE_RETENTION_MS),
});

export function fromItem(item: Item): ErasureRecord {
  const names = Object.keys(zeroCounts);
  const decisionTypes = item['decisionTypes'] as Set<string> | undefined;
  return {
    ...entityOf<Omit<ErasureRecord, 'removed' | 'decisionTypes'>>(item, ...names, 'decisionTypes'),
    removed: Object.fromEntries(names.map((name) => [name, Number(item[name] ?? 0)])) as ErasureCounts,
    ...(decisionTypes !== undefined && { decisionTypes: [...decisionTypes].sort() }),
  };
}
