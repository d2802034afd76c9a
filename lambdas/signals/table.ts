import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';

/** The primary key of a signal's delivery to one agent; undefined when no signal can have that id. */
export function deliveryKey(signalId: string, targetAgent: string) {
  const id = parseTypedId(signalId);
  return (
    id && {
      [PARTITION_KEY]: `signal#${id.type}`,
      [SORT_KEY]: `${id.timestamp}#${signalId}#${targetAgent}`,
    }
  );
}
