import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Exposure } from './exposure.ts';

/**
 * Exposures in `agent_state`: `exposures:{agentId}` / `{timestamp}#{exposureId}`. Apart from the agent's other rows,
 * because an agent that asks before every decision writes as many of these as decisions.
 */
type Item = Record<string, unknown>;

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

export const toItem = ({ agentId, exposureId, kind, timestamp, patterns }: Exposure): Item => ({
  ...exposureKey(agentId, exposureId),
  kind,
  patterns,
  ttl: toTtl(Date.parse(timestamp) + EXPOSURE_RETENTION_MS),
});

export function fromItem(agentId: string, item: Item): Exposure {
  const [timestamp = '', exposureId = ''] = String(item[SORT_KEY]).split('#');
  const { kind, patterns } = item as Pick<Exposure, 'kind' | 'patterns'>;
  return { agentId, exposureId, kind, timestamp, patterns };
}
