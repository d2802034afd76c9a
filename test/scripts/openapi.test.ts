import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { codesOf, defineRoute, errorCodes, type Method } from '../../lambdas/shared/http/contract.ts';
import {
  agentIdSchema,
  freeFormSchema,
  pageQuery,
  rowsOf,
  timestampSchema,
} from '../../lambdas/shared/schema/fields.ts';
import { openApiDocument } from '../../scripts/openapi/document.ts';
import { exampleTarget, gatewayDocument, MAX_GATEWAY_OPERATIONS } from '../../scripts/openapi/gateway.ts';
import { SchemaWriter } from '../../scripts/openapi/schemas.ts';
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

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Every key of a document, names of fields among them. */
function keysIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysIn(item)]);
}

/** The types that schemas state. A field may be called `type` itself. */
function typesIn(value: unknown): unknown[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'type' && (typeof item === 'string' || Array.isArray(item)) ? [item] : typesIn(item),
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
      ['maxResults', 'query', false, 5],
      ['nextToken', 'query', false, undefined],
    ]);
  });

  it('signs every route but the open ones', () => {
    expect(document.security).toEqual([{ sigv4: [] }]);
    expect(operation).not.toHaveProperty('security');
    const health = (openApiDocument(routesByFunction, '1') as Json).paths['/health'].get;
    expect(health.security).toEqual([]);
  });

  it('gives every error the one schema, by reference', () => {
    for (const response of Object.values(document.components.responses) as Json[])
      expect(response.content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Error' });
  });

  it('says where the service runs, locally and deployed', () => {
    expect(document.servers.map(({ url }: Json) => url)).toEqual([
      'http://127.0.0.1:3000',
      'https://{apiId}.execute-api.{region}.amazonaws.com',
    ]);
  });

  it('lets a free map hold any value, and refuses keys that cannot be stored', () => {
    const { context, data } = operation.requestBody.content['application/json'].schema.properties;
    expect([context, data]).toEqual([reference('FreeFormMap'), reference('FreeFormMap')]);
    expect(document.components.schemas.FreeFormMap).toEqual({
      type: 'object',
      propertyNames: {
        type: 'string',
        minLength: 1,
        maxLength: 1024,
        not: { enum: ['__proto__', 'constructor'] },
      },
      additionalProperties: true,
    });
  });

  it('shows integers in the query as integers, which the handler reads from text', () => {
    const { schema } = operation.parameters[1];
    expect(schema).toEqual({ type: 'integer', minimum: 1, maximum: 100, example: 20 });
    expect(pageQuery.maxResults.parse('5')).toBe(5);
    expect(pageQuery.maxResults.safeParse('5x').success).toBe(false);
  });

  it('shows the rows of a batch, which the handler parses one by one', () => {
    const body = z.strictObject({ things: rowsOf(z.strictObject({ size: z.number().positive() })) });
    expect(new SchemaWriter().write(body, 'input').properties).toMatchObject({
      things: {
        minItems: 1,
        maxItems: 100,
        items: {
          type: 'object',
          properties: { size: { type: 'number', minimum: 1e-130, maximum: 9e125 } },
          required: ['size'],
          additionalProperties: false,
        },
      },
    });
    expect(body.safeParse({ things: [{ size: 'none' }] }).success).toBe(true);
  });

  it('shows a tuple as an array of a stated length, and a map with known keys as an object', () => {
    const schema = z.object({
      interval: z.tuple([z.number(), z.number()]),
      tiers: z.record(z.enum(['hot', 'cold']), z.boolean()),
    });
    expect(new SchemaWriter().write(schema, 'output').properties).toEqual({
      interval: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 },
      tiers: {
        type: 'object',
        properties: { hot: { type: 'boolean' }, cold: { type: 'boolean' } },
        required: ['hot', 'cold'],
        additionalProperties: false,
      },
    });
    expect(() => new SchemaWriter().write(z.tuple([z.number(), z.string()]), 'output')).toThrow(/tuple/);
  });

  it('refers to a named schema, and refuses two shapes of one name', () => {
    const writer = new SchemaWriter();
    const size = z.strictObject({ size: z.number().default(1) }).meta({ id: 'ThingSize' });
    expect(writer.write(z.object({ size: size.optional() }), 'input').properties).toEqual({
      size: reference('ThingSize'),
    });
    expect(Object.keys(writer.components)).toEqual(['ThingSize']);
    expect(() => writer.write(size, 'output')).toThrow(/ThingSize/);
  });

  it.each([
    ['the example routes', document],
    ['the API', openApiDocument(routesByFunction, '1')],
    ['the gateway', gatewayDocument(openApiDocument(routesByFunction, '1'), exampleTarget)],
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

  it('has no keyword that generators stumble over', () => {
    const keywords = new Set(keysIn(openApiDocument(routesByFunction, '1')));
    for (const keyword of ['prefixItems', 'allOf', '$defs', 'patternProperties', 'if'])
      expect(keywords).not.toContain(keyword);
  });

  it('names the schemas of the domain', () => {
    const { schemas } = openApiDocument(routesByFunction, '1').components;
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining(['NewDecision', 'Decision', 'Outcome', 'NewSignal', 'Memory', 'Pattern', 'Run']),
    );
    expect(Object.keys(schemas).length).toBeGreaterThan(100);
  });

  it('shows only example requests that the route would accept', () => {
    for (const { example, body, query } of allRoutes) {
      if (example?.body !== undefined) expect(body?.safeParse(example.body).error).toBeUndefined();
      if (example?.query) expect(query.partial().safeParse(example.query).error).toBeUndefined();
    }
  });
});

describe('the OpenAPI document for AgentCore Gateway', () => {
  const target = { agentId: 'desk-7', server: 'https://abc.execute-api.eu-west-1.amazonaws.com' };
  const gateway = gatewayDocument(openApiDocument(routesByFunction, '1'), target) as Json;
  const paths = Object.entries(gateway.paths) as [string, Json][];
  const operations = paths.flatMap(([, methods]) => Object.values(methods)) as Json[];

  it('has few operations, each with an id and a word on when to call it', () => {
    expect(operations.length).toBeGreaterThanOrEqual(10);
    expect(operations.length).toBeLessThanOrEqual(MAX_GATEWAY_OPERATIONS);
    const ids = operations.map(({ operationId }) => operationId as string);
    expect(new Set(ids).size).toBe(operations.length);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z]{1,64}$/);
    for (const { summary, description } of operations) expect([summary, description]).not.toContain('');
  });

  it('speaks for one agent at one address', () => {
    for (const [path] of paths) expect(path).toMatch(/^\/agents\/desk-7\//);
    for (const { parameters = [] } of operations)
      expect(parameters.map(({ name }: Json) => name)).not.toContain('agentId');
    expect(gateway.servers).toEqual([{ url: target.server }]);
  });

  it('has no unions, no references and no parameter that needs a serializer', () => {
    const keywords = new Set(keysIn(gateway));
    for (const keyword of ['oneOf', 'anyOf', 'allOf', 'not', '$ref', 'style', 'explode'])
      expect(keywords).not.toContain(keyword);
    for (const { parameters = [] } of operations)
      for (const { schema } of parameters) expect(['string', 'integer', 'number']).toContain(schema.type);
    expect(typesIn(gateway).filter((type) => typeof type !== 'string')).toEqual([]);
  });
});
