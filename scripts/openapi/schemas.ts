import * as z from 'zod';
import { MAX_MAGNITUDE, MIN_MAGNITUDE, publishedSchemas } from '../../lambdas/shared/schema/fields.ts';

export type JsonSchema = Record<string, unknown>;

/** `input` for what a client sends, `output` for what it is answered. */
export type Side = 'input' | 'output';

const DEFINITIONS = '#/$defs/';
export const COMPONENTS = '#/components/schemas/';

/** The schema with zod's references turned into those of the document. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' && item.startsWith(DEFINITIONS)
        ? COMPONENTS + item.slice(DEFINITIONS.length)
        : withReferences(item),
    ]),
  );
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Generators know no tuples: an array whose length is stated says the same where all items are of one kind. */
function tupleToArray(schema: JsonSchema): void {
  const { prefixItems } = schema as { prefixItems?: readonly unknown[] };
  if (!prefixItems) return;
  if (new Set(prefixItems.map((item) => JSON.stringify(item))).size !== 1)
    throw new Error('a tuple of different items cannot be published: use an object');
  delete schema.prefixItems;
  schema.items = prefixItems[0];
}

/** A map whose keys are known is published as an object with these properties, which generators give types. */
function mapToObject(schema: JsonSchema): void {
  const { propertyNames, additionalProperties } = schema as {
    propertyNames?: { readonly enum?: readonly string[] };
    additionalProperties?: unknown;
  };
  if (!propertyNames) return;
  if (propertyNames.enum) {
    schema.properties = Object.fromEntries(propertyNames.enum.map((name) => [name, additionalProperties]));
    schema.additionalProperties = false;
    delete schema.propertyNames;
  } else if (Object.keys(propertyNames).every((key) => key === 'type')) delete schema.propertyNames;
}

/** Bounds of numbers that state none: what DynamoDB stores and, of integers, what is exact. */
function withNumberBounds(schema: JsonSchema, side: Side): void {
  if (side === 'output') {
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  } else if (schema.type === 'number') {
    if (schema.exclusiveMinimum === 0) {
      delete schema.exclusiveMinimum;
      schema.minimum = MIN_MAGNITUDE;
    }
    if (schema.minimum === undefined && schema.exclusiveMinimum === undefined)
      schema.minimum = -MAX_MAGNITUDE;
    if (schema.maximum === undefined && schema.exclusiveMaximum === undefined) schema.maximum = MAX_MAGNITUDE;
  }
}

/**
 * JSON Schemas of zod schemas, for one document. A schema with an `id` becomes a component of that name, and is
 * referred to.
 */
export class SchemaWriter {
  readonly components: Record<string, JsonSchema> = {};

  write(schema: z.ZodType, side: Side): JsonSchema {
    const generated = z.toJSONSchema(schema, {
      io: side,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => this.#publish(zodSchema, jsonSchema as JsonSchema, side),
    }) as JsonSchema;
    const { $schema: _dialect, $defs: definitions, ...body } = generated;
    for (const [name, definition] of Object.entries((definitions ?? {}) as Record<string, JsonSchema>))
      this.#define(name, definition);
    return withReferences(body) as JsonSchema;
  }

  #publish(schema: z.core.$ZodType, json: JsonSchema, side: Side): void {
    const published = publishedSchemas.get(schema);
    if (published) {
      const { description, example } = json;
      for (const key of Object.keys(json)) delete json[key];
      Object.assign(json, this.write(published, side), { ...(description !== undefined && { description }) });
      if (example !== undefined) json.example = example;
    }
    if (json.format === 'date-time') {
      // A normalized timestamp is text on both sides; zod cannot see through the transform.
      json.type = 'string';
      if (side === 'output') delete json.pattern;
    }
    // zod repeats what the component says already.
    if (json.$ref) for (const key of ['type', 'additionalProperties', 'propertyNames']) delete json[key];
    if (isEmpty(json.additionalProperties)) json.additionalProperties = true;
    withNumberBounds(json, side);
    tupleToArray(json);
    mapToObject(json);
  }

  #define(name: string, definition: JsonSchema): void {
    if (name.startsWith('__')) throw new Error('a recursive schema needs an id to be published');
    const { id: _id, ...body } = definition;
    const component = withReferences(body) as JsonSchema;
    const known = this.components[name];
    if (known && JSON.stringify(known) !== JSON.stringify(component))
      throw new Error(`${name} is the id of two schemas, or of one that differs when sent and when answered`);
    this.components[name] = component;
  }
}
