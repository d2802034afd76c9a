import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as z from 'zod';
import { withoutNulls } from '../../../lambdas/shared/http/absent-fields.ts';
import type { RouteContract } from '../../../lambdas/shared/http/contract.ts';
import { parseSent } from '../../../lambdas/shared/http/request.ts';
import { payloadHash } from '../../../lambdas/shared/platform/ids.ts';
import { freeFormSchema, jsonSchema } from '../../../lambdas/shared/schema/fields.ts';
import { newDecisionSchema, outcomeRowSchema } from '../../../lambdas/decisions/fields.ts';
import { allRoutes } from '../../../scripts/openapi/routes.ts';

const body = z.strictObject({
  name: z.string(),
  note: z.string().optional(),
  limit: z.number().default(5),
  cleared: z.string().nullable().optional(),
  any: jsonSchema.optional(),
  map: freeFormSchema.optional(),
  rows: z.array(z.strictObject({ id: z.string(), note: z.string().optional() })).optional(),
  byName: z.record(z.string(), z.strictObject({ note: z.string().optional() })).optional(),
  either: z
    .union([z.literal('all'), z.strictObject({ a: z.number().optional() }), z.array(z.string())])
    .optional(),
  told: z
    .discriminatedUnion('op', [
      z.strictObject({ op: z.literal('eq'), value: z.string(), bin: z.number().optional() }),
      z.strictObject({ op: z.literal('in'), min: z.number().nullable().default(null) }),
    ])
    .optional(),
  moved: z.string().transform(Number).optional(),
});
const name = 'a';

describe('null in a request', () => {
  it.each<[string, unknown, unknown]>([
    ['an optional field', { name, note: null }, { name, limit: 5 }],
    ['a field with a default', { name, limit: null }, { name, limit: 5 }],
    ['a transformed field', { name, moved: null }, { name, limit: 5 }],
    ['a field of a row', { name, rows: [{ id: 'x', note: null }] }, { name, limit: 5, rows: [{ id: 'x' }] }],
    ['a field in a map', { name, byName: { x: { note: null } } }, { name, limit: 5, byName: { x: {} } }],
    ['a field of one of several shapes', { name, either: { a: null } }, { name, limit: 5, either: {} }],
    [
      'a field of a shape told by its name',
      { name, told: { op: 'eq', value: 'v', bin: null } },
      { name, limit: 5, told: { op: 'eq', value: 'v' } },
    ],
  ])('is absent in %s', (_, sent, parsed) => {
    expect(parseSent(body, sent)).toEqual(parsed);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a field that can be cleared', { cleared: null }],
    ['any JSON', { any: null }],
    ['any JSON, within', { any: { a: null, b: [null] } }],
    ['a free-form map', { map: { a: null, b: { c: null }, d: [null] } }],
    ['a field that takes null', { told: { op: 'in', min: null } }],
  ])('stays in %s', (_, fields) => {
    expect(parseSent(body, { name, ...fields })).toEqual({ name, limit: 5, ...fields });
  });

  it.each<[string, unknown, string]>([
    ['a required field', { name: null }, 'name'],
    ['a required field of a row', { name, rows: [{ id: null }] }, 'rows.0.id'],
    ['a row', { name, rows: [null] }, 'rows.0'],
    ['an unknown field', { name, other: null }, 'other'],
    ['what tells a shape', { name, told: { op: null } }, 'told.op'],
  ])('is refused in %s, by its name', (_, sent, path) => {
    expect(() => parseSent(body, sent)).toThrow(
      expect.objectContaining({ issues: expect.arrayContaining([expect.objectContaining({ path })]) }),
    );
  });

  it('leaves what needs no change as it is, and the value sent as it was', () => {
    const sent = { name, map: { a: null }, rows: [{ id: 'x' }] };
    expect(withoutNulls(body, sent)).toBe(sent);
    const changed = { name, note: null, map: sent.map };
    expect(withoutNulls(body, changed)).toEqual({ name, map: sent.map });
    expect(changed).toHaveProperty('note', null);
  });
});

/** Every object of a value with the schema that describes it, where a schema describes its fields one by one. */
function objectsIn(schema: z.ZodType, value: unknown): { schema: z.ZodObject; value: object }[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return objectsIn(schema.def.innerType as z.ZodType, value);
  if (value === null || typeof value !== 'object') return [];
  if (schema instanceof z.ZodObject)
    return [
      { schema, value },
      ...Object.entries(value).flatMap(([key, item]) =>
        schema.shape[key] ? objectsIn(schema.shape[key] as z.ZodType, item) : [],
      ),
    ];
  if (schema instanceof z.ZodArray)
    return (value as unknown[]).flatMap((item) => objectsIn(schema.element as z.ZodType, item));
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[])
      .filter((option) => option.safeParse(value).success)
      .slice(0, 1)
      .flatMap((option) => objectsIn(option, value));
  return [];
}

/** A body that has every optional field which it lacks and which takes no null, as null. */
const withNulls = (schema: z.ZodType, value: unknown, chosen: (field: string) => boolean): unknown => {
  const copy = structuredClone(value);
  for (const { schema: described, value: object } of objectsIn(schema, copy))
    for (const [field, item] of Object.entries(described.shape as Record<string, z.ZodType>))
      if (!(field in object) && item.isOptional() && !item.isNullable() && chosen(field))
        Object.assign(object, { [field]: null });
  return copy;
};

/** The schema of a route's body, and one whole body of it. A batch has that of its rows. */
const bodies = allRoutes.flatMap((route: RouteContract) => {
  const example = route.example?.body as Record<string, unknown> | undefined;
  if (!route.body || !example) return [];
  const rows = { decisions: newDecisionSchema, outcomes: outcomeRowSchema };
  for (const [field, schema] of Object.entries(rows))
    if (field in example)
      return [{ route, schema: schema as z.ZodType, example: (example[field] as unknown[])[0] }];
  return [{ route, schema: route.body, example: example as unknown }];
});

describe('the body of every route', () => {
  it.each(
    bodies.map(({ route, schema, example }) => [`${route.method} ${route.path}`, schema, example] as const),
  )('%s is the same with null as without the field, for its clientToken too', (_, schema, example) => {
    const plain = parseSent(schema, example);
    fc.assert(
      fc.property(fc.func(fc.boolean()), (chosen) => {
        const parsed = parseSent(schema, withNulls(schema, example, chosen));
        expect(parsed).toEqual(plain);
        expect(payloadHash(parsed)).toBe(payloadHash(plain));
      }),
      { numRuns: 20 },
    );
    expect(
      parseSent(
        schema,
        withNulls(schema, example, () => true),
      ),
    ).toEqual(plain);
  });

  /** Names of fields that answers have as null. */
  const answered = (schema: z.ZodType, name = ''): string[] => {
    if (schema instanceof z.ZodNullable) return [name, ...answered(schema.unwrap() as z.ZodType, name)];
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
      return answered(schema.def.innerType as z.ZodType, name);
    if (schema instanceof z.ZodObject)
      return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, field]) =>
        answered(field, key),
      );
    if (schema instanceof z.ZodArray) return answered(schema.element as z.ZodType, name);
    if (schema instanceof z.ZodUnion)
      return (schema.options as z.ZodType[]).flatMap((option) => answered(option, name));
    return [];
  };

  it('takes the null that an answer gives for a field of the same name', () => {
    const nulls = new Set(allRoutes.flatMap(({ response }) => answered(response)));
    expect(nulls).toContain('exposureId');
    const refused = bodies.flatMap(({ route, schema, example }) =>
      objectsIn(schema, example).flatMap(({ schema: described }) =>
        Object.entries(described.shape as Record<string, z.ZodType>)
          .filter(([field, item]) => nulls.has(field) && !item.isOptional() && !item.isNullable())
          .map(([field]) => `${route.path}: ${field}`),
      ),
    );
    // Of a signal it is required; what is null elsewhere is the mean of a run that promoted no pattern.
    expect(refused).toEqual(['/agents/{agentId}/signals: confidence']);
  });
});
