import * as z from 'zod';

/**
 * The building blocks of every contract. Ids carry no `#`, `:` or `/`, so they can stand inside keys and paths
 * without escaping.
 */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const TYPE_PATTERN = /^[A-Z][A-Z0-9_]{0,63}$/;

const id = (what: string, example: string) =>
  z.string().regex(ID_PATTERN, `must be a valid ${what}`).meta({ example });

export const agentIdSchema = id('agent id', 'market-hunter');
export const sessionIdSchema = id('session id', 'session-1');
export const typeSchema = z
  .string()
  .regex(TYPE_PATTERN, 'must be upper case letters, digits and _, at most 64')
  .meta({ example: 'SIGNAL_GENERATION' });
export const decisionIdSchema = id('decision id', 'SIGNAL_GENERATION-01JZZZZZZZZZZZZZZZZZZZZZZZ');
export const signalIdSchema = id('signal id', 'WHALE_ACTIVITY-01JZZZZZZZZZZZZZZZZZZZZZZZ');
export const patternIdSchema = id('pattern id', 'PATTERN-3f9a0c6d2b7e41d8');
export const runIdSchema = id('run id', 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ');

/** Any JSON value, for free-form maps. */
export const jsonSchema = z.json();
export type JsonValue = z.output<typeof jsonSchema>;
export const freeFormSchema = z.record(z.string(), jsonSchema);

const ISO_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z$/;

/**
 * UTC ISO-8601 ending in `Z`, normalized to milliseconds (`2026-03-01T09:30:00.000Z`), not before 2000. Whether it
 * lies too far ahead depends on the wall clock: services check that with `assertNotAhead`.
 */
export const timestampSchema = z
  .string()
  .refine(
    (text) => ISO_UTC.test(text) && !Number.isNaN(Date.parse(text)) && sameCalendarDay(text),
    'must be a UTC ISO-8601 timestamp ending in Z',
  )
  .refine((text) => !ISO_UTC.test(text) || text >= '2000', 'must not be before 2000')
  .transform((text) => new Date(text).toISOString())
  .meta({ example: '2026-03-01T09:30:00.000Z', format: 'date-time' });

/** `Date.parse` rolls 30 February over into March; a calendar that has no such day should say so. */
function sameCalendarDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text.slice(0, 10);
}

/** `clientToken`: the same write twice is one write. */
export const clientTokenSchema = z.string().min(1).max(128);
export const scoreSchema = z.number().min(0).max(1);
export const tagsSchema = z.array(z.string().min(1).max(64)).max(20);

/** Query strings are text; a number in one is parsed strictly. */
export const queryIntegerSchema = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max));

export const pageQuery = {
  maxResults: queryIntegerSchema(1, 100).optional().meta({ example: 20 }),
  nextToken: z.string().min(1).max(4096).optional(),
};

/** `{ items, nextToken }`, newest first, `nextToken` always present and `null` at the end. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    nextToken: z.string().nullable(),
    consistency: z.literal('eventual').optional().meta({ description: 'Present when an index answered.' }),
  });

/** The rows of a batch request. Each is parsed by itself later, so a bad row is not a bad request. */
export const rowsOf = (description: string) => z.array(z.unknown()).min(1).max(100).meta({ description });

/** `{ items, failed }` of a batch: a bad row fails alone. */
export const batchOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    failed: z.array(z.object({ index: z.number().int(), code: z.string(), message: z.string() })),
  });
