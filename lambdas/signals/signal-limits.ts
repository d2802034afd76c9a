export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export const openStatuses = ['PENDING', 'PROCESSING'] as const;
export const finalStatuses = ['PROCESSED', 'FAILED', 'IGNORED'] as const;

/** A signal lives at most a day: longer knowledge belongs in a memory. */
export const MAX_TTL_SECONDS = 24 * 60 * 60;
export const DEFAULT_LEASE_SECONDS = 300;
/** Claims of a delivery: when the lease of the last one runs out, it has failed. */
export const DEFAULT_MAX_ATTEMPTS = 5;
export const MOST_MAX_ATTEMPTS = 100;
/** As stored. Every target pays for its own copy, and EventBridge takes 256 KB an event. */
export const MAX_SIGNAL_BYTES = 32 * 1024;
/** One transaction writes 100 items; one is left for an item that may have to join them. */
export const MAX_TARGETS = 99;
/** Of one type. Their list is one item, and serving them takes seconds. */
export const MAX_SUBSCRIBERS = 1_000;
/** Replacing all by as many others is one transaction: n deletes, n puts and the agent's own row. */
export const MAX_SUBSCRIPTIONS = 49;
