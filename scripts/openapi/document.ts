import type * as z from 'zod';
import {
  codesOf,
  type ErrorCode,
  errorCodes,
  type RouteContract,
  type Routes,
} from '../../lambdas/shared/http/contract.ts';
import { type JsonSchema, SchemaWriter } from './schemas.ts';

const RETRYABLE = new Set([429, 503]);

const json = (schema: JsonSchema, example?: unknown) => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
});

const errorSchema: JsonSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'requestId'],
      properties: {
        code: { type: 'string', enum: Object.keys(errorCodes) },
        message: { type: 'string' },
        requestId: { type: 'string' },
        issues: {
          type: 'array',
          description: 'Which fields are wrong, and why.',
          items: {
            type: 'object',
            required: ['path', 'message'],
            properties: { path: { type: 'string' }, message: { type: 'string' } },
          },
        },
        currentVersion: { type: 'integer', description: 'Only with VersionConflict.' },
      },
    },
  },
};

/** The codes of one status: the shared schema, narrowed to what can come here. */
function errorResponse(status: number, codes: readonly ErrorCode[]) {
  return {
    description: codes.join(', '),
    ...(RETRYABLE.has(status) && {
      headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
    content: json({
      allOf: [
        { $ref: '#/components/schemas/Error' },
        { type: 'object', properties: { error: { type: 'object', properties: { code: { enum: codes } } } } },
      ],
    }),
  };
}

/** Answers of the same codes are the same everywhere, so they are written once. */
class ErrorResponses {
  readonly components: Record<string, ReturnType<typeof errorResponse>> = {};

  of(route: RouteContract): Record<string, { $ref: string }> {
    const byStatus = new Map<number, ErrorCode[]>();
    for (const code of codesOf(route))
      byStatus.set(errorCodes[code], [...(byStatus.get(errorCodes[code]) ?? []), code]);
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => {
        const name = codes.join('Or');
        this.components[name] ??= errorResponse(status, codes);
        return [status, { $ref: `#/components/responses/${name}` }];
      }),
    );
  }
}

function parametersOf(writer: SchemaWriter, route: RouteContract, operationId: string) {
  const of = (schema: z.ZodObject, place: 'path' | 'query') =>
    Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => {
      const example = place === 'query' ? route.example?.query?.[name] : undefined;
      return {
        name,
        in: place,
        required: place === 'path' || !field.safeParse(undefined).success,
        schema: writer.write(field, 'input', `${operationId}${name}`),
        ...(example !== undefined && { example }),
      };
    });
  return [...of(route.params, 'path'), ...of(route.query, 'query')];
}

function operationOf(
  { writer, errors }: { readonly writer: SchemaWriter; readonly errors: ErrorResponses },
  tag: string,
  operationId: string,
  route: RouteContract,
) {
  const parameters = parametersOf(writer, route, operationId);
  return {
    operationId,
    summary: route.summary,
    tags: [tag],
    ...(route.audience === 'open'
      ? { security: [] }
      : { description: route.audience === 'agent' ? 'Granted per agent.' : 'For operators.' }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse({}).success,
        content: json(writer.write(route.body, 'input', `${operationId}Body`), route.example?.body),
      },
    }),
    responses: {
      [route.status]: {
        description: 'Done',
        content: json(writer.write(route.response, 'output', `${operationId}Response`)),
      },
      ...errors.of(route),
    },
  };
}

/** The OpenAPI 3.1 document of all routes. The same routes give the same text. */
export function openApiDocument(routesByFunction: Readonly<Record<string, Routes>>, version: string) {
  const parts = { writer: new SchemaWriter(), errors: new ErrorResponses() };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, routes] of Object.entries(routesByFunction))
    for (const [operationId, route] of Object.entries(routes))
      (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(parts, name, operationId, route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'agent-memory',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Shared memory for a team of AI agents. Requests are signed (SigV4, service `execute-api`). ' +
        'API Gateway itself may refuse a request before it reaches the service: 403 and 429 with ' +
        '`{"message"}` instead of an Error.',
    },
    security: [{ sigv4: [] }],
    tags: Object.keys(routesByFunction).map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          description: 'AWS Signature Version 4',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
      responses: parts.errors.components,
      schemas: { Error: errorSchema, ...parts.writer.components },
    },
  };
}
