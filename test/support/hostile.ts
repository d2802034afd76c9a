import { request } from 'node:http';
import * as fc from 'fast-check';
import { withoutNulls } from '../../lambdas/shared/http/absent-fields.ts';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';
import { ID_PATTERN } from '../../lambdas/shared/schema/fields.ts';

/** A request as it goes over the wire: nothing is tidied up on the way. */
export interface HostileRequest {
  readonly why: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
}

export interface HostileAnswer {
  readonly status: number;
  readonly text: string;
}

/** API Gateway would have given up by then. */
const ANSWER_MS = 30_000;

export const send = (base: string, hostile: HostileRequest): Promise<HostileAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const outgoing = request(
      {
        hostname,
        port,
        method: hostile.method,
        path: hostile.path,
        headers: {
          'content-type': 'application/json',
          'content-length': hostile.body === undefined ? 0 : Buffer.byteLength(hostile.body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    outgoing.once('error', reject);
    outgoing.setTimeout(ANSWER_MS, () =>
      outgoing.destroy(
        new Error(`no answer to ${hostile.method} ${hostile.path.slice(0, 200)}: ${hostile.why}`),
      ),
    );
    outgoing.end(hostile.body);
  });

type Json = Record<string, unknown>;

const encode = (text: string) => encodeURIComponent(text.toWellFormed());
const anyText = fc.string({ unit: 'binary', maxLength: 40 });

/** Ids that no id may look like. A segment that is empty or only dots is another path altogether, which is fine too. */
const badId = fc
  .oneof(
    fc.constantFrom(
      'a#b',
      'a:b',
      'a/b',
      '../agents',
      'a b',
      '-a',
      '.a',
      '\u0000',
      'ä',
      '💥',
      "a'b",
      'a\\b',
      '{agentId}',
    ),
    fc.constantFrom('session:x#MSG', 'x'.repeat(129), 'A\u202eB', 'a\r\nb', '%2F', '%'),
    anyText,
  )
  .filter((id) => !ID_PATTERN.test(id));

const badTimestamp = fc.constantFrom<unknown>(
  '2999-01-01T00:00:00Z',
  '1999-12-31T23:59:59.999Z',
  '2026-02-30T00:00:00Z',
  '2000-01-01T00:30:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '2026-03-01T09:30:00+24:00',
  '2026-03-01T09:30:00+1',
  '2026-03-01T09:30:60Z',
  '2026-03-01T09:30:00.123456',
  '2026-03-01T09:30:00',
  '2026-03-01',
  'yesterday',
  '',
  0,
  1_772_000_000_000,
);

/** JSON that DynamoDB would refuse or change. */
const unstorable = fc.constantFrom<unknown>(
  '\ud800',
  { '\udc00': 1 },
  { '': 1 },
  JSON.parse('{"__proto__":1}') as unknown,
  Array.from({ length: 60 }).reduce<unknown>((inner) => ({ deeper: inner }), 1),
  { amount: 1e300 },
  [[1e-300]],
);

/** Values that are wrong for most fields. */
const poison = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0.1, '', [], {}, [[]], [null], 'x'.repeat(40_000)),
  badTimestamp,
  anyText,
  fc.jsonValue({ maxDepth: 3 }),
);

const malformed = fc.oneof(
  fc.constantFrom(
    '{',
    '[1,',
    '{"a":}',
    "{'a':1}",
    '\u0000',
    'undefined',
    '{"a":1}}',
    '\ufeff{',
    '<xml/>',
    '{"a":NaN}',
  ),
  fc.constantFrom(Uint8Array.of(0xff, 0xfe, 0x7b), Uint8Array.of(0x22, 0xc3, 0x28, 0x22)),
  anyText.filter((text) => {
    try {
      JSON.parse(text.toWellFormed());
      return false;
    } catch {
      return text.trim() !== '';
    }
  }),
);

const queryMutation = fc.constantFrom(
  'unknown=1',
  'maxResults=0',
  'maxResults=101',
  'maxResults=1.5',
  'maxResults=1e1',
  'maxResults=',
  'expectedVersion=0',
  'expectedVersion=9007199254740993',
  'windowSeconds=86401',
  'windowSeconds=60&by=0',
  'windowSeconds=60&limit=-1',
  'windowSeconds=60&limit=1e9',
  'nextToken=x',
  'nextToken=e30',
  `nextToken=${encode('💥')}`,
  'from=yesterday',
  'to=2026-02-30T00:00:00Z',
  '%F0%9F%92%A5=1',
);

/**
 * Requests that a route must refuse: each is a good one with one thing wrong. What the contract happens to accept is
 * left out, so that whatever gets through is a fault of the service.
 *
 * @param paramsOf good values of a route's path parameters
 */
export function hostileRequests(
  route: RouteContract,
  paramsOf: (route: RouteContract) => Readonly<Record<string, string>>,
): fc.Arbitrary<HostileRequest> {
  const fill = (params: Readonly<Record<string, string>>) =>
    route.path.replace(/\{(\w+)\}/g, (_, name: string) => encode(params[name] ?? 'x'));
  const good = paramsOf(route);
  const { method } = route;
  const example = (route.example?.body ?? {}) as Json;
  const make = (why: string, path: string, body?: unknown): HostileRequest => ({
    why,
    method,
    path,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const goodBody = route.body ? example : undefined;
  const refused = (body: unknown) => {
    const text = JSON.stringify(body);
    return !route.body || !route.body.safeParse(withoutNulls(route.body, JSON.parse(text))).success;
  };

  const names = Object.keys(good);
  const kinds: fc.Arbitrary<HostileRequest>[] = [
    queryMutation
      .filter((query) => !route.query.safeParse(Object.fromEntries(new URLSearchParams(query))).success)
      .map((query) => make(`query ${query}`, `${fill(good)}?${query}`, goodBody)),
    fc
      .constantFrom('//', '/', '%2F', '/..%2f', '%00', '%')
      .map((tail) => make(`path ends in ${tail}`, fill(good) + tail, goodBody)),
    fc
      .constantFrom('OPTIONS', 'TRACE', 'PURGE')
      .map((other) => ({ ...make('another method', fill(good), goodBody), method: other })),
  ];
  if (names.length > 0)
    kinds.push(
      fc
        .tuple(fc.constantFrom(...names), badId)
        .map(([name, id]) => make(`${name} is ${id}`, fill({ ...good, [name]: id }), goodBody)),
    );
  if (!route.body) {
    kinds.push(fc.constant(make('a body where none is taken', fill(good), { a: 1 })));
    return fc.oneof(...kinds);
  }

  kinds.push(
    malformed.map((body) => ({ why: 'malformed JSON', method, path: fill(good), body })),
    anyText.map((name) => make('an unknown field', fill(good), { ...example, [`x-${name}`]: 1 })),
    fc.constantFrom<unknown>([], 'x', 5, null, true, [{}]).map((body) => make('no object', fill(good), body)),
  );
  const fields = Object.keys(example);
  const without = (field: string): Json =>
    Object.fromEntries(Object.entries(example).filter(([name]) => name !== field));
  // A filter that nothing passes never ends: only fields that some value is wrong for, or that must be there.
  const particular = fields.filter((field) =>
    [null, -1, []].some((value) => refused({ ...example, [field]: value })),
  );
  const required = fields.filter((field) => refused(without(field)));
  if (fields.length > 0)
    kinds.push(
      fc
        .tuple(fc.constantFrom(...fields), unstorable)
        .map(([field, value]) => make('what cannot be stored', fill(good), { ...example, [field]: value })),
    );
  if (particular.length > 0)
    kinds.push(
      fc
        .tuple(fc.constantFrom(...particular), poison)
        .map(([field, value]): Json => ({ ...example, [field]: value }))
        .filter(refused)
        .map((body) => make('a field of the wrong kind', fill(good), body)),
    );
  if (required.length > 0)
    kinds.push(
      fc.constantFrom(...required).map((field) => make('a field missing', fill(good), without(field))),
    );
  const neverNull = required.filter((field) => refused({ ...example, [field]: null }));
  if (neverNull.length > 0)
    kinds.push(
      fc
        .constantFrom(...neverNull)
        .map((field) => make('a needed field that is null', fill(good), { ...example, [field]: null })),
    );
  if ('timestamp' in example)
    kinds.push(
      badTimestamp.map((timestamp) => make('a bad timestamp', fill(good), { ...example, timestamp })),
    );
  if (refused({})) kinds.push(fc.constant({ why: 'no body', method, path: fill(good) }));
  return fc.oneof(...kinds);
}
