import type * as z from 'zod';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { finalStatuses } from './signal-limits.ts';
import type { deliverySchema, publishedSignalSchema, signalReceiptSchema, signalSchema } from './contract.ts';

/** News that one agent tells others. It is stored once per target, as a delivery. */
export type Signal = ReadonlyDeep<z.output<typeof signalSchema>>;
export type PublishedSignal = ReadonlyDeep<z.output<typeof publishedSignalSchema>>;
/** The answer to a publisher: the signal, and how many of its targets have it. */
export type SignalReceipt = ReadonlyDeep<z.output<typeof signalReceiptSchema>>;

/** A signal to one target, and how far the target has come with it. */
export type Delivery = ReadonlyDeep<z.output<typeof deliverySchema>>;
export type DeliveryStatus = Delivery['status'];
export type FinalStatus = (typeof finalStatuses)[number];
