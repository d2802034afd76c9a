import { entityOf } from '../shared/dynamodb/entity.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Exposure } from './exposure.ts';

/**
 * Exposures in `agent_state`: `exposures:{agentId}` / `{timestamp}#{exposureId}`. In a partition of their own, because an
 * agent that asks before every decision writes as many of these as decisions.
 */
export const EXPOSURE_TYPE = 'EXPOSURE';

/** Longer than the decisions that may name them live. */
const EXPOSURE_RETENTION_MS = 95 * DAY_MS;

export const exposurePartition = (agentId: string): string => `exposures:${agentId}`;

/** Undefined when no exposure can have that id. */
export function exposureKey(agentId: string, exposureId: string) {
  const id = parseTypedId(exposureId);
  if (id?.type !== EXPOSURE_TYPE) return undefined;
  return { [PARTITION_KEY]: exposurePartition(agentId), [SORT_KEY]: `${id.timestamp}#${exposureId}` };
}

/** When an exposure with that id would have expired, in milliseconds; undefined when none can have it. */
export function exposureEnd(exposureId: string): number | undefined {
  const id = parseTypedId(exposureId);
  return id?.type === EXPOSURE_TYPE ? Date.parse(id.timestamp) + EXPOSURE_RETENTION_MS : undefined;
}

export const toItem = ({ agentId, exposureId, timestamp, ...shown }: Exposure): Item => ({
  ...exposureKey(agentId, exposureId),
  ...shown,
  ttl: toTtl(Date.parse(timestamp) + EXPOSURE_RETENTION_MS),
});

export function fromItem(agentId: string, item: Item): Exposure {
  const [timestamp = '', exposureId = ''] = String(item[SORT_KEY]).split('#');
  const stored = entityOf<Omit<Exposure, 'agentId' | 'exposureId' | 'timestamp'>>(item);
  return { agentId, exposureId, timestamp, ...stored };
}
