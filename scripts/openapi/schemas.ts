import * as z from 'zod';
import { canonicalJson } from '../../lambdas/shared/platform/ids.ts';

export type JsonSchema = Record<string, unknown>;

const REFERENCE = '#/$defs/';

/** Replaces every `$ref` for which `rename` knows another place. */
function withReferences(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, rename));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' && item.startsWith(REFERENCE)
        ? rename(item.slice(REFERENCE.length))
        : withReferences(item, rename),
    ]),
  );
}

/**
 * JSON Schemas of zod schemas, for one document. Recursive parts, which zod puts under a `$defs` of each schema, move
 * to the document's components: there a reference resolves, and the same part is written once.
 */
export class SchemaWriter {
  readonly components: Record<string, JsonSchema> = {};
  readonly #names = new Map<string, string>();

  constructor() {
    this.write(z.object({ any: z.json() }), 'input', 'Json');
  }

  /**
   * @param side `input` for what a client sends, `output` for what it is answered
   * @param owner name for parts this schema is the first to need
   */
  write(schema: z.ZodType, side: 'input' | 'output', owner: string): JsonSchema {
    const generated = z.toJSONSchema(schema, {
      io: side,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        // A normalized timestamp is text on both sides; zod cannot see through the transform.
        if (jsonSchema.format === 'date-time') jsonSchema.type = 'string';
        // zod writes the bounds of a safe integer into every integer.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      },
    }) as JsonSchema;
    const { $schema: _dialect, $defs: definitions, ...body } = generated;
    const names = new Map<string, string>();
    for (const [name, definition] of Object.entries((definitions ?? {}) as Record<string, JsonSchema>))
      names.set(name, this.#component(name, definition, owner));
    return withReferences(body, (name) => `#/components/schemas/${names.get(name)}`) as JsonSchema;
  }

  #component(name: string, definition: JsonSchema, owner: string): string {
    const identity = canonicalJson(
      withReferences(definition, (other) => (other === name ? 'itself' : `other ${other}`)),
    );
    const known = this.#names.get(identity);
    if (known !== undefined) return known;
    const own = owner in this.components ? `${owner}${Object.keys(this.components).length}` : owner;
    this.#names.set(identity, own);
    this.components[own] = withReferences(
      definition,
      (other) => `#/components/schemas/${other === name ? own : other}`,
    ) as JsonSchema;
    return own;
  }
}
