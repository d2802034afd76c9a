import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { codesOf, defineRoute, errorCodes, type Method } from '../../lambdas/shared/http/contract.ts';
import {
  agentIdSchema,
  freeFormSchema,
  pageQuery,
  timestampSchema,
} from '../../lambdas/shared/schema/fields.ts';
import { openApiDocument } from '../../scripts/openapi/document.ts';
import { allRoutes, routesByFunction } from '../../scripts/openapi/routes.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document is asserted on, field by field
type Json = any;

const things = {
  logThing: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/things',
    audience: 'agent',
    summary: 'Logs a thing',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({ ...pageQuery }),
    body: z.strictObject({
      timestamp: timestampSchema,
      context: freeFormSchema,
      data: freeFormSchema.optional(),
    }),
    response: z.object({ timestamp: timestampSchema, context: freeFormSchema }),
    status: 201,
    errors: ['NotFound', 'TooManyTargets'],
    example: {
      body: { timestamp: '2026-03-01T09:30:00Z', context: { price: 1 } },
      query: { maxResults: '5' },
    },
  }),
};

const document = openApiDocument({ things }, '1.2.3') as Json;
const operation = document.paths['/agents/{agentId}/things'].post;

function referencesIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' ? [String(item)] : referencesIn(item),
  );
}

const resolves = (root: Json, reference: string) =>
  reference
    .slice(2)
    .split('/')
    .reduce((at: Json, key) => at?.[key], root) !== undefined;

describe('the OpenAPI document', () => {
  it('describes what a client sends and what it is answered, timestamps as text on both sides', () => {
    const sent = operation.requestBody.content['application/json'].schema;
    const answered = operation.responses[201].content['application/json'].schema;
    expect(sent.required).toEqual(['timestamp', 'context']);
    expect(sent.additionalProperties).toBe(false);
    expect(sent.properties.timestamp).toMatchObject({ type: 'string', format: 'date-time' });
    expect(answered.properties.timestamp).toMatchObject({ type: 'string', format: 'date-time' });
    expect(operation.requestBody.content['application/json'].example).toEqual(things.logThing.example!.body);
  });

  it('groups the error codes of a route by status', () => {
    const { responses } = document.components;
    expect(operation.responses[400]).toEqual({
      $ref: '#/components/responses/ValidationFailedOrTooManyTargets',
    });
    expect(responses.ValidationFailedOrTooManyTargets.description).toBe('ValidationFailed, TooManyTargets');
    expect(responses.Throttled.headers).toHaveProperty('Retry-After');
    expect(Object.keys(operation.responses)).toEqual([
      '201',
      '400',
      '403',
      '404',
      '413',
      '429',
      '500',
      '503',
    ]);
  });

  it('names parameters with their place and example', () => {
    expect(operation.parameters.map((p: Json) => [p.name, p.in, p.required, p.example])).toEqual([
      ['agentId', 'path', true, undefined],
      ['maxResults', 'query', false, '5'],
      ['nextToken', 'query', false, undefined],
    ]);
  });

  it('signs every route but the open ones', () => {
    expect(document.security).toEqual([{ sigv4: [] }]);
    expect(operation).not.toHaveProperty('security');
    const health = (openApiDocument(routesByFunction, '1') as Json).paths['/health'].get;
    expect(health.security).toEqual([]);
  });

  it('writes any JSON value once, as a component that refers to itself', () => {
    expect(Object.keys(document.components.schemas)).toEqual(['Error', 'Json']);
    expect(referencesIn(document.components.schemas.Json)).toContain('#/components/schemas/Json');
  });

  it.each([
    ['the example routes', document],
    ['the API', openApiDocument(routesByFunction, '1')],
  ])('resolves every reference in the document of %s', (_, root) => {
    const broken = referencesIn(root).filter((reference) => !resolves(root, reference));
    expect(broken).toEqual([]);
  });

  it('is the same text every time', () => {
    expect(JSON.stringify(openApiDocument(routesByFunction, '1'))).toBe(
      JSON.stringify(openApiDocument(routesByFunction, '1')),
    );
  });

  it('holds every route once, with every status it can answer', () => {
    const api = openApiDocument(routesByFunction, '1') as Json;
    const operations = Object.values(api.paths).flatMap((path: Json) => Object.values(path)) as Json[];
    expect(operations).toHaveLength(allRoutes.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(allRoutes.length);
    for (const route of allRoutes) {
      const described = api.paths[route.path][route.method.toLowerCase() as Lowercase<Method>];
      const statuses = [route.status, ...codesOf(route).map((code) => errorCodes[code])].map(String);
      expect(new Set(Object.keys(described.responses))).toEqual(new Set(statuses));
    }
  });

  it('shows only example requests that the route would accept', () => {
    for (const { example, body, query } of allRoutes) {
      if (example?.body !== undefined) expect(body?.safeParse(example.body).error).toBeUndefined();
      if (example?.query) expect(query.partial().safeParse(example.query).error).toBeUndefined();
    }
  });
});
