import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type * as z from 'zod';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';
import { parse, parseRequest } from '../../lambdas/shared/http/request.ts';
import { type Issue, ValidationFailedError } from '../../lambdas/shared/errors.ts';
import { publishedSchemas } from '../../lambdas/shared/schema/fields.ts';
import { rulesBeyondSchemas } from '../../scripts/openapi/beyond-schemas.ts';
import { openApiDocument } from '../../scripts/openapi/document.ts';
import { exampleTarget, gatewayDocument } from '../../scripts/openapi/gateway.ts';
import { routesByFunction } from '../../scripts/openapi/routes.ts';
import type { JsonSchema } from '../../scripts/openapi/schemas.ts';
import { samplesOf } from '../support/schema-samples.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents are read field by field
type Json = any;

const RUNS = 300;

const document = openApiDocument(routesByFunction, '1') as Json;
const gateway = gatewayDocument(document, exampleTarget) as Json;
const routes = Object.values(routesByFunction).flatMap((all) => Object.entries(all));

/** The schema that the rows of a batch are parsed by, one by one, after the request. */
function rowsIn(route: RouteContract, body: Json): readonly [z.ZodType, readonly unknown[]] | undefined {
  for (const [name, field] of Object.entries((route.body as Json)?.shape ?? {})) {
    const row = publishedSchemas.get((field as Json).element);
    if (row) return [row, body[name] as unknown[]];
  }
  return undefined;
}

interface Sample {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Requests that are valid by what the document says of an operation. */
function requestsOf(operation: Json, components: Readonly<Record<string, JsonSchema>>): fc.Arbitrary<Sample> {
  const parameters: readonly Json[] = operation.parameters ?? [];
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name as string);
  const body = operation.requestBody?.content['application/json'].schema;
  return fc.record({
    parameters: fc.record(
      Object.fromEntries(parameters.map(({ name, schema }) => [name, samplesOf(schema, components)])),
      { requiredKeys: required, noNullPrototype: true },
    ),
    ...(body && { body: samplesOf(body, components) }),
  });
}

/** What the handler's own parser has against a request. */
function issuesOf(route: RouteContract, { parameters, body }: Sample): readonly Issue[] {
  const isInPath = (name: string) => route.path.includes(`{${name}}`);
  const entries = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
  const pathParameters = Object.fromEntries(entries.filter(([name]) => isInPath(name)));
  const event = {
    rawPath: route.path.replace(/\{(\w+)\}/g, (_, name: string) => pathParameters[name]!),
    pathParameters,
    queryStringParameters: Object.fromEntries(entries.filter(([name]) => !isInPath(name))),
    ...(body !== undefined && { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  };
  try {
    const request = parseRequest(route, event);
    const [row, rows] = rowsIn(route, request.body) ?? [];
    for (const each of rows ?? []) parse(row!, each);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    return error.issues;
  }
}

const refusals = rulesBeyondSchemas.flatMap((rule) => rule.refusals);
const isStated = ({ message }: Issue): boolean => refusals.some((refusal) => refusal.test(message));

function refusedOf(route: RouteContract, requests: fc.Arbitrary<Sample>): string[] {
  return fc.sample(requests, { numRuns: RUNS, seed: 7 }).flatMap((sample) =>
    issuesOf(route, sample)
      .filter((issue) => !isStated(issue))
      .map(({ path, message }) => `${path}: ${message} ← ${JSON.stringify(sample).slice(0, 400)}`),
  );
}

describe('a request that is valid by docs/openapi.json is parsed by its handler', () => {
  it.each(routes)('%s', (_, route) => {
    const operation = document.paths[route.path][route.method.toLowerCase()];
    expect(refusedOf(route, requestsOf(operation, document.components.schemas)).slice(0, 3)).toEqual([]);
  });
});

describe('a request that is valid by docs/openapi.gateway.json is parsed by its handler', () => {
  const operations: readonly Json[] = Object.values(gateway.paths).flatMap((path: Json) =>
    Object.values(path),
  );

  /** Rules that a schema without unions and dependencies cannot hold; the descriptions say them. */
  const untold = [/^timestamp: is required with a clientToken$/];
  const exemptions: Readonly<Record<string, readonly RegExp[]>> = {
    logDecision: untold,
    acknowledgeSignal: [/^(leaseSeconds|prolong|decisionId|note): is not a known field$/],
  };

  it.each(operations.map((operation) => [operation.operationId as string, operation] as const))(
    '%s',
    (name, operation) => {
      const route = routes.find(([id]) => id === name)![1];
      const requests = requestsOf(operation, {}).map((sample) => ({
        ...sample,
        parameters: { ...sample.parameters, agentId: exampleTarget.agentId },
      }));
      const refused = refusedOf(route, requests).filter(
        (text) => !(exemptions[name] ?? []).some((exempt) => exempt.test(text.slice(0, text.indexOf(' ← ')))),
      );
      expect(refused.slice(0, 3)).toEqual([]);
    },
  );
});
