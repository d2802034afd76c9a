import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Delivery, Signal } from './signal.ts';
import { deliveryKey, identityOf, signalFromItem } from './table.ts';

/** A delivery as it was published, before its target dealt with it. */
export type PublishedDelivery = Signal & Pick<Delivery, 'targetAgent'>;

/**
 * The delivery in a record of the table's stream.
 *
 * @param image the new image, unmarshalled
 * @throws Error when it is no delivery
 */
export function publishedDelivery(image: Item): PublishedDelivery {
  const { signalId, targetAgent } = identityOf(String(image[SORT_KEY]));
  const key = deliveryKey(signalId, targetAgent);
  if (!targetAgent || key?.[PARTITION_KEY] !== image[PARTITION_KEY] || key?.[SORT_KEY] !== image[SORT_KEY])
    throw new Error(
      `not the key of a delivery: ${String(image[PARTITION_KEY])} / ${String(image[SORT_KEY])}`,
    );
  if (typeof image['sourceAgent'] !== 'string' || !Number.isFinite(image['ttl']))
    throw new Error(`not a delivery: ${String(image[SORT_KEY])}`);
  return { ...signalFromItem(image), targetAgent };
}
