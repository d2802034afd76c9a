import * as fc from 'fast-check';
import { COMPONENTS, type JsonSchema } from '../../scripts/openapi/schemas.ts';

type Components = Readonly<Record<string, JsonSchema>>;

/** Keywords that samples are made by. A schema with another one is refused, so that none is overlooked. */
const KEYWORDS = new Set(
  [
    '$ref, oneOf, anyOf, type, properties, required, additionalProperties, propertyNames, minProperties, maxProperties',
    'dependentRequired, items, minItems, maxItems, enum, const, pattern, format, minLength, maxLength, not',
    'minimum, maximum, exclusiveMinimum, exclusiveMaximum, description, default, example',
  ].flatMap((line) => line.split(', ')),
);

/** Texts that parsers stumble over. Those that a schema does not allow are left out of its samples. */
const AWKWARD_TEXTS = [
  '',
  ' ',
  '\t\n',
  '\u00a0',
  '\ufeff',
  '\u0000',
  '\ud800',
  '😀',
  'é',
  '😀'.repeat(64),
  '😀'.repeat(200),
  '__proto__',
  'constructor',
  'toString',
  'null',
  '0',
  '-',
  '.',
  '..',
  'a.b',
  'a/b',
  'a#b',
  'type:a',
  '%2F',
  'x'.repeat(128),
  'x'.repeat(129),
  'x'.repeat(256),
  'x'.repeat(1024),
  'ü'.repeat(1024),
];
const AWKWARD_NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-7,
  5e-324,
  1e-131,
  1e21,
  2 ** 53,
  9e125,
  1e126,
  -9e125,
  Number.MAX_VALUE,
];

interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly not?: { readonly enum?: readonly string[]; readonly pattern?: string };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

function texts({ pattern, format, minLength = 0, maxLength = Infinity, not }: Schema): fc.Arbitrary<string> {
  const matches = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  const isValid = (text: string): boolean => {
    const { length } = [...text];
    return (
      length >= minLength &&
      length <= maxLength &&
      (matches?.test(text) ?? true) &&
      !not?.enum?.includes(text) &&
      !(not?.pattern !== undefined && new RegExp(not.pattern, 'u').test(text))
    );
  };
  if (format !== undefined) return instants(format).filter(isValid);
  const awkward = AWKWARD_TEXTS.filter(isValid);
  const made = matches
    ? // fast-check cannot look ahead; what a lookahead forbids is filtered out below.
      fc.stringMatching(new RegExp(matches.source.replace(/\(\?![^)]*\)/g, ''), matches.flags))
    : fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, 40) });
  return awkward.length > 0
    ? fc.oneof(fc.constantFrom(...awkward), made.filter(isValid))
    : made.filter(isValid);
}

/** Of all years there are: what lies too early is left to the schema's own pattern. */
function instants(format: string): fc.Arbitrary<string> {
  const date = fc.date({
    min: new Date('0000-01-01'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  const recent = fc.date({ min: new Date('2000-01-01'), max: new Date('2026-01-01'), noInvalidDate: true });
  const either = fc.oneof(date, recent, recent);
  if (format === 'date') return either.map((day) => day.toISOString().slice(0, 10));
  if (format !== 'date-time') throw new Error(`no samples of the format ${format}`);
  const fraction = fc.constantFrom('', '.0', '.123', '.123456', '.123456789');
  const offset = fc.constantFrom('Z', 'Z', 'z', '+00:00', '+02:00', '-11:30');
  const seconds = fc.constantFrom('00', '30', '59', '60');
  return fc
    .tuple(either, seconds, fraction, offset)
    .map(([instant, second, rest, zone]) => `${instant.toISOString().slice(0, 17)}${second}${rest}${zone}`);
}

function numbers(schema: Schema, whole: boolean): fc.Arbitrary<number> {
  const {
    minimum = -Number.MAX_VALUE,
    maximum = Number.MAX_VALUE,
    exclusiveMinimum,
    exclusiveMaximum,
  } = schema;
  const isValid = (value: number): boolean =>
    value >= minimum &&
    value <= maximum &&
    value > (exclusiveMinimum ?? -Infinity) &&
    value < (exclusiveMaximum ?? Infinity) &&
    (!whole || Number.isInteger(value));
  const awkward = [...AWKWARD_NUMBERS, minimum, maximum].filter(isValid);
  const made = whole
    ? fc.integer({ min: Math.max(minimum, -(2 ** 31)), max: Math.min(maximum, 2 ** 31 - 1) })
    : fc.double({
        min: Math.max(minimum, exclusiveMinimum ?? minimum),
        max: Math.min(maximum, exclusiveMaximum ?? maximum),
        noNaN: true,
      });
  return fc.oneof(fc.constantFrom(...awkward), made.filter(isValid));
}

const freeValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, ...AWKWARD_NUMBERS, ...AWKWARD_TEXTS),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...AWKWARD_TEXTS), fc.string()), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;

/** Values that are valid by a schema of an OpenAPI document, the awkward ones among them. */
export function samplesOf(schema: JsonSchema, components: Components): fc.Arbitrary<unknown> {
  const unknown = Object.keys(schema).find((key) => !KEYWORDS.has(key));
  if (unknown !== undefined) throw new Error(`samples are not made by the keyword ${unknown}`);
  const { $ref, oneOf, anyOf, ...own } = schema as Schema;
  if ($ref) return samplesOf({ ...components[$ref.slice(COMPONENTS.length)], ...own }, components);
  const branches = oneOf ?? anyOf;
  if (branches) return fc.oneof(...branches.map((branch) => samplesOf(branch, components)));
  if (own.const !== undefined) return fc.constant(own.const);
  if (own.enum) return fc.constantFrom(...own.enum);
  switch (own.type) {
    case 'object':
      return objects(own, components);
    case 'array':
      return fc.array(samplesOf(own.items ?? {}, components), {
        minLength: own.minItems ?? 0,
        maxLength: Math.min(own.maxItems ?? 3, (own.minItems ?? 0) + 3),
      });
    case 'string':
      return texts(own);
    case 'integer':
    case 'number':
      return numbers(own, own.type === 'integer');
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case undefined:
      return freeValue;
    default:
      return fc.oneof(...(own.type as string[]).map((type) => samplesOf({ ...own, type }, components)));
  }
}

function objects(schema: Schema, components: Components): fc.Arbitrary<unknown> {
  const {
    properties,
    additionalProperties,
    minProperties = 0,
    maxProperties = Infinity,
    dependentRequired = {},
  } = schema;
  const isValid = (value: object): boolean => {
    const names = Object.keys(value);
    return (
      names.length >= minProperties &&
      names.length <= maxProperties &&
      Object.entries(dependentRequired).every(
        ([name, others]) => !names.includes(name) || others.every((other) => names.includes(other)),
      )
    );
  };
  if (properties)
    return fc
      .record(
        Object.fromEntries(
          Object.entries(properties).map(([name, property]) => [name, samplesOf(property, components)]),
        ),
        { requiredKeys: [...(schema.required ?? [])], noNullPrototype: true },
      )
      .filter(isValid);
  const values =
    typeof additionalProperties === 'object' ? samplesOf(additionalProperties, components) : freeValue;
  if (additionalProperties === false) return fc.constant({});
  return fc
    .dictionary(texts((schema.propertyNames ?? {}) as Schema), values, { maxKeys: 4, noNullPrototype: true })
    .filter(isValid);
}
