export const roles = ['user', 'assistant', 'system', 'tool'] as const;
export type Role = (typeof roles)[number];

/** `expired`: its time was up before it was ended. It is so from that instant, swept or not. */
export const sessionStatuses = ['active', 'ended', 'expired'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** A session expires this long after its last activity; shorter ones would race their own appends. */
export const MIN_EXPIRY_SECONDS = 60;
export const MAX_EXPIRY_SECONDS = 7 * 86_400;
