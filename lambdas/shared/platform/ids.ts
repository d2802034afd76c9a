import { createHash, randomBytes } from 'node:crypto';

/**
 * Ids carry their key: a `{TYPE}-{ULID}` holds its type and, in the ULID, its timestamp, so a read by id is one
 * strongly consistent read and needs no index.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** The 80 random bits of a ULID. */
export type RandomPart = () => Uint8Array;
export const randomPart: RandomPart = () => randomBytes(10);

/** Milliseconds whose last id an instance remembers. A batch has at most a hundred. */
const MILLISECONDS_KEPT = 1_000;

/**
 * Random parts for ids that sort in the order in which one instance made them. The first id of a millisecond is random,
 * each further one is its successor: a list then keeps the order of writing at equal timestamps.
 */
export function risingPart(random: RandomPart): (time: Date) => Uint8Array {
  const last = new Map<number, Uint8Array>();
  return (time) => {
    const milliseconds = time.getTime();
    const before = last.get(milliseconds);
    const bits = before ? successorOf(before) : withHeadroom(random());
    // Set anew, so that the one used longest ago is the first to go.
    last.delete(milliseconds);
    last.set(milliseconds, bits);
    if (last.size > MILLISECONDS_KEPT) last.delete(last.keys().next().value!);
    return bits;
  };
}

/** Without the highest bit, so that its successors do not start over at zero. */
function withHeadroom(bits: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bits);
  copy[0]! &= 0x7f;
  return copy;
}

function successorOf(bits: Uint8Array): Uint8Array {
  const next = Uint8Array.from(bits);
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 0xff;
    if (next[i] !== 0) break;
  }
  return next;
}

/**
 * The random part that makes a write idempotent: the same agent, route and token give the same id, so a repeated put
 * meets its own item.
 */
export const tokenPart = (agentId: string, route: string, clientToken: string): Uint8Array =>
  createHash('sha256')
    .update(JSON.stringify([agentId, route, clientToken]))
    .digest()
    .subarray(0, 10);

/** @param bits ten bytes; @throws RangeError outside the 48 bits of a ULID's time */
export function ulid(time: Date, bits: Uint8Array): string {
  let milliseconds = time.getTime();
  if (!(milliseconds >= 0 && milliseconds < 2 ** 48)) throw new RangeError('time does not fit a ULID');
  let head = '';
  for (let i = 0; i < 10; i++) {
    head = ALPHABET[milliseconds % 32] + head;
    milliseconds = Math.floor(milliseconds / 32);
  }
  let tail = '';
  let buffer = 0;
  let held = 0;
  for (const byte of bits.subarray(0, 10)) {
    buffer = (buffer << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      tail += ALPHABET[(buffer >> held) & 31];
    }
    buffer &= (1 << held) - 1;
  }
  return head + tail;
}

/** The time in a ULID, or undefined when the text is none. */
export function ulidTime(text: string): Date | undefined {
  if (!ULID_PATTERN.test(text)) return undefined;
  let milliseconds = 0;
  for (const character of text.slice(0, 10)) milliseconds = milliseconds * 32 + ALPHABET.indexOf(character);
  return new Date(milliseconds);
}

export const typedId = (type: string, time: Date, bits: Uint8Array): string => `${type}-${ulid(time, bits)}`;

/** Type and timestamp of a `{TYPE}-{ULID}`, or undefined when it cannot be one (then nothing is stored under it). */
export function parseTypedId(id: string): { readonly type: string; readonly timestamp: string } | undefined {
  const dash = id.lastIndexOf('-');
  if (dash < 1) return undefined;
  const time = ulidTime(id.slice(dash + 1));
  // 10000-01-01 and later have no fixed-width ISO form
  if (!time || time.getTime() >= 253_402_300_800_000) return undefined;
  return { type: id.slice(0, dash), timestamp: time.toISOString() };
}

/** The ULID of a `{TYPE}-{ULID}`: it sorts by time, then by the order of making. */
export const ulidOf = (id: string): string => id.slice(id.lastIndexOf('-') + 1);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Stable hash of a JSON value: object keys sorted, so two spellings of one payload agree. */
export const payloadHash = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, 22);

export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
