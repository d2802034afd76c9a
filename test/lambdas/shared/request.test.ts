import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { TooLargeError, ValidationFailedError } from '../../../lambdas/shared/errors.ts';
import { defineRoute } from '../../../lambdas/shared/http/contract.ts';
import { MAX_BODY_BYTES, parseRequest } from '../../../lambdas/shared/http/request.ts';
import {
  agentIdSchema,
  freeFormSchema,
  pageQuery,
  timestampSchema,
} from '../../../lambdas/shared/schema/fields.ts';
import { eventOf } from '../../support/api.ts';

const route = defineRoute({
  method: 'POST',
  path: '/agents/{agentId}/things',
  audience: 'agent',
  summary: 'A route of this test',
  params: z.strictObject({ agentId: agentIdSchema }),
  query: z.strictObject(pageQuery),
  body: z.strictObject({
    context: freeFormSchema.optional(),
    timestamp: timestampSchema.optional(),
    nested: z.strictObject({ needed: z.string() }).optional(),
  }),
  response: z.object({}),
  status: 201,
  errors: [],
});
const params = { agentId: 'me' };

/** Paths of the issues a request is refused for. */
function refusal(input: Parameters<typeof eventOf>[1]): string[] {
  try {
    parseRequest(route, eventOf(route, { params, ...input }));
  } catch (error) {
    if (error instanceof ValidationFailedError) return error.issues.map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('a request', () => {
  it('with an empty body counts as {}', () => {
    expect(parseRequest(route, eventOf(route, { params })).body).toEqual({});
    expect(parseRequest(route, eventOf(route, { params, rawBody: ' \n' })).body).toEqual({});
  });

  it('with an empty body where a field is needed is told so, and which', () => {
    const strict = { ...route, body: z.strictObject({ name: z.string() }) };
    for (const rawBody of ['', ' \n'])
      expect(() => parseRequest(strict, eventOf(strict, { params, rawBody }))).toThrow(
        expect.objectContaining({
          issues: [
            { path: 'body', message: 'is empty' },
            expect.objectContaining({ path: 'name', message: expect.stringContaining('string') }),
          ],
        }),
      );
  });

  it.each([
    ['{\n  "context": {},\n}', 'is not valid JSON: unexpected "}" at line 3, column 1'],
    ['{"context":', 'is not valid JSON: it ends too early, at line 1, column 12'],
  ])('with the body %j is told where it is no JSON', (rawBody, message) => {
    expect(() => parseRequest(route, eventOf(route, { params, rawBody }))).toThrow(
      expect.objectContaining({ issues: [{ path: 'body', message }] }),
    );
  });

  it('with a body in another encoding is told that it has to be UTF-8', () => {
    const event = { ...eventOf(route, { params, rawBody: '/w==' }), isBase64Encoded: true };
    expect(() => parseRequest(route, event)).toThrow(
      expect.objectContaining({ issues: [{ path: 'body', message: 'is not text in UTF-8' }] }),
    );
  });

  it('with an id that can be none is told the rule', () => {
    expect(() => parseRequest(route, eventOf(route, { params: { agentId: 'a b' } }))).toThrow(
      expect.objectContaining({
        issues: [{ path: 'agentId', message: expect.stringMatching(/agent id: 1 to 128 letters, digits/) }],
      }),
    );
  });

  it.each([
    ['malformed JSON', { rawBody: '{"context":' }, ['body']],
    ['JSON that is no object', { rawBody: '[1]' }, ['']],
    ['an unknown field', { body: { contxt: {} } }, ['contxt']],
    ['a wrong type', { body: { context: 7 } }, ['context']],
    ['an unknown query field', { query: { limit: '1' } }, ['limit']],
    ['a repeated query field', { query: { maxResults: '1,2' } }, ['maxResults']],
    ['maxResults of 0', { query: { maxResults: '0' } }, ['maxResults']],
    ['a lone surrogate', { rawBody: '{"context":{"a":"\\ud800"}}' }, ['context.a']],
    ['a key with a lone surrogate', { rawBody: '{"context":{"\\udc00":1}}' }, ['context']],
    ['an empty key', { body: { context: { '': 1 } } }, ['context.']],
    ['a number DynamoDB cannot hold', { rawBody: '{"context":{"a":1e200}}' }, ['context.a']],
    ['a number too close to zero', { rawBody: '{"context":{"a":1e-200}}' }, ['context.a']],
    ['constructor', { rawBody: '{"context":{"constructor":{"name":"Set"}}}' }, ['context.constructor']],
    ['__proto__', { rawBody: '{"context":{"__proto__":{"a":1}}}' }, ['context.__proto__']],
    ['constructor', { rawBody: '{"context":{"constructor":{"name":"Set"}}}' }, ['context.constructor']],
    ['a required field that is null', { body: { nested: { needed: null } } }, ['nested.needed']],
    ['an unknown field that is null', { body: { contxt: null } }, ['contxt']],
    ['null for a body', { rawBody: 'null' }, ['']],
    ['a local timestamp', { body: { timestamp: '2026-03-01T09:30:00' } }, ['timestamp']],
    ['a day the calendar has not', { body: { timestamp: '2026-02-30T00:00:00Z' } }, ['timestamp']],
    ['a timestamp before 2000', { body: { timestamp: '1999-12-31T23:59:59Z' } }, ['timestamp']],
    ['an encoded separator', { rawPath: '/agents/me%2Fthings/things' }, ['path']],
    ['a doubled slash', { rawPath: '//agents/me/things' }, ['path']],
    ['a trailing slash', { rawPath: '/agents/me/things/' }, ['path']],
    ['another case', { rawPath: '/Agents/me/things' }, ['path']],
    ['an id with a separator', { params: { agentId: 'me/../other' } }, ['agentId']],
    ['an id that is a pattern', { params: { agentId: '*' } }, ['agentId']],
  ])('with %s is refused at its field', (_, input, paths) => {
    expect(refusal(input)).toEqual(paths);
  });

  it('nested deeper than can be stored is refused without recursion', () => {
    const depth = 100_000;
    expect(refusal({ rawBody: `{"context":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}` })).toHaveLength(
      1,
    );
  });

  it('over the size limit is refused before it is parsed', () => {
    const rawBody = '['.repeat(MAX_BODY_BYTES + 1);
    expect(() => parseRequest(route, eventOf(route, { params, rawBody }))).toThrow(TooLargeError);
  });

  it('keeps timestamps to the millisecond in one width', () => {
    const times = fc.date({ min: new Date('2000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(times, (time) => {
        const body = { timestamp: time.toISOString().replace('.000Z', 'Z') };
        expect(parseRequest(route, eventOf(route, { params, body })).body.timestamp).toBe(time.toISOString());
      }),
    );
  });

  it('keeps any storable context as it was sent', () => {
    const storable = fc.dictionary(
      fc
        .string({ minLength: 1, unit: 'binary' })
        .filter((key) => !['__proto__', 'constructor'].includes(key)),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
    );
    fc.assert(
      fc.property(storable, (context) => {
        expect(parseRequest(route, eventOf(route, { params, body: { context } })).body.context).toEqual({
          ...context,
        });
      }),
    );
  });
});
