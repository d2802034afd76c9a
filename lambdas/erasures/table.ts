import { ERASED_MARK_RETENTION_MS } from '../shared/erased-marks.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type ErasureRecord, type UserSession, zeroCounts } from './erasure.ts';

/**
 * Erasures in `agent_state`.
 *
 * - `erasure:{erasureId}` / `ERASURE`: the job, its counters and what it found; 90 days
 * - `erasure:{erasureId}` / `SESSION#{agentId}#{sessionId}`: sessions of the user it is about; two days
 */
type Item = Record<string, unknown>;

const ERASURE_RETENTION_MS = 90 * DAY_MS;

export const erasureKey = (erasureId: string) => ({
  [PARTITION_KEY]: `erasure:${erasureId}`,
  [SORT_KEY]: 'ERASURE',
});

const SESSION_PREFIX = 'SESSION#';

export const sessionsOf = (erasureId: string) => ({
  partition: erasureKey(erasureId)[PARTITION_KEY],
  prefix: SESSION_PREFIX,
});

export const sessionKey = (erasureId: string, { agentId, sessionId }: UserSession) => ({
  ...erasureKey(erasureId),
  [SORT_KEY]: `${SESSION_PREFIX}${agentId}#${sessionId}`,
});

export function sessionFromItem(item: Item): UserSession {
  const [, agentId = '', sessionId = ''] = String(item[SORT_KEY]).split('#');
  return { agentId, sessionId };
}

/** Counters are attributes of their own, because ADD counts top-level attributes only. */
export const toItem = ({ removed, ...record }: ErasureRecord): Item => ({
  ...erasureKey(record.erasureId),
  ...record,
  ...removed,
  ttl: toTtl(Date.parse(record.requestedAt) + ERASURE_RETENTION_MS),
});

export function fromItem(item: Item): ErasureRecord {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ttl: _ttl, decisionTypes, ...rest } = item;
  const removed = Object.fromEntries(Object.keys(zeroCounts).map((name) => [name, Number(rest[name] ?? 0)]));
  for (const name of Object.keys(zeroCounts)) delete rest[name];
  return {
    ...(rest as unknown as ErasureRecord),
    removed: removed as unknown as ErasureRecord['removed'],
    ...(decisionTypes !== undefined && { decisionTypes: [...(decisionTypes as Set<string>)].sort() }),
  };
}

/** Of a session that is kept: as long as its mark. */
export const sessionTtl = (now: Date): number => toTtl(now.getTime() + ERASED_MARK_RETENTION_MS);
