import type * as z from 'zod';
import {
  codesOf,
  type ErrorCode,
  errorCodes,
  type RouteContract,
  type Routes,
} from '../../lambdas/shared/http/contract.ts';
import { rulesBeyondSchemas } from './beyond-schemas.ts';
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

/** The codes of one status. Every error has the one schema; the description says which codes can come here. */
function errorResponse(status: number, codes: readonly ErrorCode[]) {
  return {
    description: codes.join(', '),
    ...(RETRYABLE.has(status) && {
      headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
    content: json({ $ref: '#/components/schemas/Error' }),
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

/** The example as the document shows the field: a number where the handler reads a number from text. */
function asPublished(field: z.ZodType, example: string): unknown {
  const parsed = field.safeParse(example);
  return typeof parsed.data === 'number' ? parsed.data : example;
}

const audiences: Readonly<Record<RouteContract['audience'], string>> = {
  agent: 'Granted per agent.',
  operator: 'For operators.',
  open: 'Needs no signature.',
};

function parametersOf(writer: SchemaWriter, route: RouteContract) {
  const of = (schema: z.ZodObject, place: 'path' | 'query') =>
    Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => {
      const example = place === 'query' ? route.example?.query?.[name] : undefined;
      return {
        name,
        in: place,
        required: place === 'path' || !field.safeParse(undefined).success,
        schema: writer.write(field, 'input'),
        ...(example !== undefined && { example: asPublished(field, example) }),
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
  const parameters = parametersOf(writer, route);
  return {
    operationId,
    summary: route.summary,
    tags: [tag],
    description: audiences[route.audience],
    ...(route.audience === 'open' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse({}).success,
        content: json(writer.write(route.body, 'input'), route.example?.body),
      },
    }),
    responses: {
      [route.status]: {
        description: 'Done',
        content: json(writer.write(route.response, 'output')),
      },
      ...errors.of(route),
    },
  };
}

const description = [
  'Shared memory for a team of AI agents. Requests are signed (SigV4, service `execute-api`); the local service takes ' +
    'them without. API Gateway itself may refuse a request before it reaches the service: 403, 429 and, of an ' +
    'address or headers beyond 10 KB, 414 or 431, with `{"message"}` instead of an Error.',
  '`null` for an optional field of a request is accepted and means that the field is absent, also where the schema ' +
    'does not say so.',
  'What the schemas do not state:',
  rulesBeyondSchemas.map(({ rule }) => `- ${rule}`).join('\n'),
].join('\n\n');

/** Where the service runs: on this machine, and deployed. */
const servers = [
  { url: 'http://127.0.0.1:3000', description: 'The local service, `npm start`.' },
  {
    url: 'https://{apiId}.execute-api.{region}.amazonaws.com',
    description: 'Deployed: the output ApiUrl of the service stack.',
    variables: {
      apiId: { default: 'a1b2c3d4e5', description: 'Id of the HTTP API.' },
      region: { default: 'us-east-1', description: 'Region of the stack.' },
    },
  },
];

/** The OpenAPI 3.1 document of all routes. The same routes give the same text. */
export function openApiDocument(routesByFunction: Readonly<Record<string, Routes>>, version: string) {
  const parts = { writer: new SchemaWriter(), errors: new ErrorResponses() };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, routes] of Object.entries(routesByFunction))
    for (const [operationId, route] of Object.entries(routes))
      (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(parts, name, operationId, route);
  return {
    openapi: '3.1.0',
    info: { title: 'agent-memory', version, license: { name: 'MIT', identifier: 'MIT' }, description },
    servers,
    security: [{ sigv4: [] }],
    tags: Object.keys(routesByFunction).map((name) => ({
      name,
      description: `Routes of the function \`${name}\`.`,
    })),
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
