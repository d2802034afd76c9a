import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';

/** In `agent_state`: `agent:{agentId}` / `TOUCHED#{day}`: a day whose rollup is not what its decisions say. */
type Item = Record<string, unknown>;

const CHANGED_PREFIX = 'TOUCHED#';

/** Longer than any decision it could be about. */
const CHANGED_RETENTION_MS = 180 * DAY_MS;

export const changedRange = (agentId: string) => ({
  partition: `agent:${agentId}`,
  prefix: CHANGED_PREFIX,
});

export const changedKey = (agentId: string, day: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: `${CHANGED_PREFIX}${day}`,
});

export const changedDayOf = (item: Item): string => String(item[SORT_KEY]).slice(CHANGED_PREFIX.length);
export const changedTtl = (now: Date): number => toTtl(now.getTime() + CHANGED_RETENTION_MS);

export const toChangedItem = (agentId: string, day: string, now: Date): Item => ({
  ...changedKey(agentId, day),
  at: now.toISOString(),
  ttl: changedTtl(now),
});
