import * as z from 'zod';

/** A discriminated union's options differ in the values of one field. */
const optionOf = (
  { options, def }: z.ZodDiscriminatedUnion,
  value: Readonly<Record<string, unknown>>,
): z.ZodType | undefined =>
  (options as readonly z.ZodObject[]).find((option) => {
    const field = option.shape[def.discriminator] as z.ZodType | undefined;
    return field?.safeParse(value[def.discriminator]).success;
  });

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function inObject(schema: z.ZodObject, value: Readonly<Record<string, unknown>>): unknown {
  const entries: [string, unknown][] = [];
  let changed = false;
  for (const [name, item] of Object.entries(value)) {
    const field = (Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined) as
      z.ZodType | undefined;
    // A field that takes null means something by it; one that must be there is refused by its name.
    if (item === null && field?.isOptional() && !field.isNullable()) {
      changed = true;
      continue;
    }
    const kept = field ? withoutNulls(field, item) : item;
    changed ||= kept !== item;
    entries.push([name, kept]);
  }
  return changed ? Object.fromEntries(entries) : value;
}

function inMap(schema: z.ZodType, value: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(value).map(([key, item]) => [key, withoutNulls(schema, item)] as const);
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value;
}

/** The first option that takes the value decides, as it does when the value is parsed. */
function inUnion({ options }: z.ZodUnion, value: unknown): unknown {
  const kept = (options as readonly z.ZodType[]).map((option) => ({
    option,
    as: withoutNulls(option, value),
  }));
  // Most unions have no such field, and large values are then not parsed twice.
  if (kept.every(({ as }) => as === value)) return value;
  return kept.find(({ option, as }) => option.safeParse(as).success)?.as ?? value;
}

/**
 * A request body without the fields that are `null` where its schema has an optional field that takes none: such a
 * field counts as absent. Nulls in free-form maps are data and stay. What needs no change is returned as it is.
 *
 * Recursive: for values that passed `assertStorable`, which bounds their depth.
 */
export function withoutNulls(schema: z.ZodType, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (schema instanceof z.ZodObject) return isMap(value) ? inObject(schema, value) : value;
  if (schema instanceof z.ZodArray) {
    if (!Array.isArray(value)) return value;
    const items = value.map((item: unknown) => withoutNulls(schema.element as z.ZodType, item));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (schema instanceof z.ZodRecord)
    return isMap(value) ? inMap(schema.valueType as z.ZodType, value) : value;
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  )
    return withoutNulls(schema.def.innerType as z.ZodType, value);
  if (schema instanceof z.ZodPipe) return withoutNulls(schema.in as z.ZodType, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const option = isMap(value) ? optionOf(schema, value) : undefined;
    return option ? withoutNulls(option, value) : value;
  }
  if (schema instanceof z.ZodUnion) return inUnion(schema, value);
  // Any JSON: what is null in it was meant.
  return value;
}
