import type { Item } from '../shared/dynamodb/table.ts';
import { sha256 } from '../shared/platform/ids.ts';

/** With this many tokens on the head, the older half is forgotten: 13 bytes each, paid for with every append. */
const MAX_TOKENS = 32;
const TOKEN_PREFIX = 't_';

/**
 * The head's attribute with the number of a clientToken's message. 48 bits tell 32 tokens of one session apart; a
 * collision would show in the hash of the message.
 */
export const tokenAttribute = (clientToken: string): string =>
  TOKEN_PREFIX + sha256(clientToken).slice(0, 12);

/** The attributes of the head to forget, oldest first; none while there is room. */
export function oldTokens(head: Item): string[] {
  const tokens = Object.entries(head)
    .filter(([name]) => name.startsWith(TOKEN_PREFIX))
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([name]) => name);
  return tokens.length < MAX_TOKENS ? [] : tokens.slice(0, MAX_TOKENS / 2);
}
