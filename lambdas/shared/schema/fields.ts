import * as z from 'zod';
import { readTimestamp } from './timestamp.ts';

/**
 * Shown in the OpenAPI document in place of a schema. A handler parses query strings from text and the
 * rows of a batch one by one; its callers think in numbers and in rows.
 */
export const publishedSchemas = new WeakMap<z.core.$ZodType, z.ZodType>();

function publishAs<Schema extends z.ZodType>(published: z.ZodType, schema: Schema): Schema {
  publishedSchemas.set(schema, published);
  return schema;
}

/** Adds keywords to what the OpenAPI document says of a schema, wherever it is used. */
export function annotateSchema(schema: z.ZodType, keywords: z.core.GlobalMeta): void {
  schema.register(z.globalRegistry, { ...schema.meta(), ...keywords });
}

/** A named schema is a component of the OpenAPI document, and so one class in a generated client. */
export function nameSchemas(schemas: Readonly<Record<string, z.ZodType>>): void {
  for (const [id, schema] of Object.entries(schemas)) annotateSchema(schema, { id });
}

/**
 * The building blocks of every contract. Ids carry no `#`, `:` or `/`, so they can stand inside keys and paths
 * without escaping.
 */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const TYPE_PATTERN = /^[A-Z][A-Z0-9_]{0,63}$/;
/** Numbers that DynamoDB stores are 0, or between these in size. */
export const MAX_MAGNITUDE = 9e125;
export const MIN_MAGNITUDE = 1e-130;

/** Words of a refused id: what it is, and the rule it breaks. */
export const idRule = (what: string): string =>
  `must be a valid ${what}: 1 to 128 letters, digits, '.', '_' or '-', the first a letter or a digit`;

const id = (what: string, example: string) => idOf(what).meta({ example });

/** An id of the kind that stands in keys and paths. @param what it is, as a refusal says it */
export const idOf = (what: string) => z.string().regex(ID_PATTERN, idRule(what));

export const agentIdSchema = id('agent id', 'market-hunter');
export const sessionIdSchema = id('session id', 'session-1');
export const typeSchema = z
  .string()
  .regex(TYPE_PATTERN, 'must be 1 to 64 upper case letters, digits or _, the first a letter')
  .meta({ example: 'SIGNAL_GENERATION' });
export const decisionIdSchema = id('decision id', 'SIGNAL_GENERATION-01JZZZZZZZZZZZZZZZZZZZZZZZ');
export const signalIdSchema = id('signal id', 'WHALE_ACTIVITY-01JZZZZZZZZZZZZZZZZZZZZZZZ');
export const patternIdSchema = id('pattern id', 'PATTERN-3f9a0c6d2b7e41d8');
export const exposureIdSchema = id('exposure id', 'EXPOSURE-01JZZZZZZZZZZZZZZZZZZZZZZZ');
export const runIdSchema = id('run id', 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ');

/** Ids of W3C Trace Context, as OpenTelemetry makes them: lower case, not all zero. */
export const traceIdSchema = z
  .string()
  .regex(/^(?!0+$)[0-9a-f]{32}$/, 'must be a trace id: 32 lower case hex digits, not all 0')
  .meta({ example: '4bf92f3577b34da6a3ce929d0e0e4736' });
export const spanIdSchema = z
  .string()
  .regex(/^(?!0+$)[0-9a-f]{16}$/, 'must be a span id: 16 lower case hex digits, not all 0')
  .meta({ example: '00f067aa0ba902b7' });
export const traceSchema = z.strictObject({ traceId: traceIdSchema, spanId: spanIdSchema });

export type JsonValue = z.core.util.JSONType;
/** Any JSON value. It comes from `JSON.parse`, so all there is to check is that it came. */
export const jsonSchema = z.custom<JsonValue>((value) => value !== undefined, 'is required');

/** DynamoDB's names of attributes. `assertStorable` refuses other keys, at any depth. */
export const mapKeySchema = z
  .string()
  .meta({ minLength: 1, maxLength: 1024, not: { enum: ['__proto__', 'constructor'] } });
export const freeFormSchema = z.record(mapKeySchema, jsonSchema);
/** A map that has to say something. */
export const filledMapSchema = freeFormSchema
  .refine((fields) => Object.keys(fields).length > 0, 'must not be empty')
  .meta({ minProperties: 1 });
/** Numbers by name. The bounds are DynamoDB's, which `assertStorable` knows. */
export const numberSchema = z.number().meta({ minimum: -MAX_MAGNITUDE, maximum: MAX_MAGNITUDE });
export const numbersSchema = z.record(mapKeySchema, numberSchema);
/** Text with something to read in it. */
export const spokenTextSchema = z.string().regex(/[^\s\uFEFF]/, 'must not be empty');

/**
 * ISO 8601 with any offset and any precision, normalized to UTC milliseconds (`2026-03-01T09:30:00.000Z`), not before
 * 2000. Whether it lies too far ahead depends on the wall clock: services check that with `assertNotAhead`.
 */
export const timestampSchema = z
  .string()
  .transform((text, context) => {
    const read = readTimestamp(text);
    if ('timestamp' in read) return read.timestamp;
    context.addIssue({ code: 'custom', message: read.refusal });
    return z.NEVER;
  })
  .meta({
    example: '2026-03-01T09:30:00.000Z',
    format: 'date-time',
    pattern: '^[2-9]\\d{3}-.+T.+:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$',
  });

/** `clientToken`: the same write twice is one write. */
export const clientTokenSchema = z.string().min(1).max(128);
export const scoreSchema = z.number().min(0).max(1);
export const tagsSchema = z.array(z.string().min(1).max(64)).max(20);

/** Query strings are text; a number in one is parsed strictly. */
export const queryIntegerSchema = (min: number, max: number) => {
  const integer = z.number().int().min(min).max(max);
  const text = z.string().regex(/^\d{1,16}$/, 'must be a whole number');
  return publishAs(integer, text.transform(Number).pipe(integer));
};

/** A share in a query string, 0 to 1, as JSON writes numbers. */
export const queryScoreSchema = publishAs(
  scoreSchema,
  z
    .string()
    .regex(/^\d(\.\d{1,40})?([eE][+-]?\d{1,3})?$/, 'must be a number from 0 to 1')
    // No stored number lies between 0 and the smallest, so a bound there says the same.
    .transform((text) => (Number(text) === 0 ? 0 : Math.max(Number(text), MIN_MAGNITUDE)))
    .pipe(z.number().max(1, 'must be a number from 0 to 1')),
);

export const pageQuery = {
  maxResults: queryIntegerSchema(1, 100).optional().meta({ example: 20 }),
  nextToken: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description: 'Of an answer to the same query.', pattern: '^[A-Za-z0-9_-]+$' }),
};

/** Pattern of up to so many names in a query string, separated by commas. */
export const listPattern = (length: number, most: number): string =>
  `^[^,]{1,${length}}(,[^,]{1,${length}}){0,${most - 1}}$`;

/** `{ items, nextToken }`, newest first, `nextToken` always present and `null` at the end. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    nextToken: z.string().nullable(),
    consistency: z.literal('eventual').optional().meta({ description: 'Present when an index answered.' }),
  });

/** Items that an answer leaves out because it would pass 4 MB: the largest ones. */
export const omittedSchema = z
  .array(z.object({ id: z.string(), agentId: z.string().optional(), bytes: z.number().int().nonnegative() }))
  .optional()
  .meta({
    description: 'Present when the answer would have passed 4 MB: the items left out, which are the largest.',
  });

/** The rows of a batch request. Each is parsed by itself later, so a bad row is not a bad request. */
export const rowsOf = <Row extends z.ZodType>(row: Row) =>
  z.array(publishAs(row, z.unknown())).min(1).max(100).meta({ description: 'A bad row fails alone.' });

const failedRowSchema = z.object({
  index: z.number().int().min(0).meta({ description: 'Place of the row in the request, from 0.' }),
  code: z.string().meta({ description: 'Code of an Error.' }),
  message: z.string(),
});

/** `{ items, failed }` of a batch: a bad row fails alone. */
export const batchOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), failed: z.array(failedRowSchema), omitted: omittedSchema });

nameSchemas({ FreeFormMap: freeFormSchema, NumberMap: numbersSchema, FailedRow: failedRowSchema });
