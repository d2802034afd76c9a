import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import type { ImportRow } from '../../lambdas/decisions/decision-import.ts';
import { canonicalJson } from '../../lambdas/shared/platform/ids.ts';
import { evaluate, type Expression, RowError, type Scope, unknownOperation } from './expression.ts';
import { readObjects, type SourceRow } from './source.ts';

const expression = z.unknown();
const path = z.union([z.string(), z.array(z.unknown()).min(1)]);

const agentOf = (value: unknown): string => {
  if (typeof value !== 'string' && typeof value !== 'number') throw new RowError('has no agentId');
  return String(value);
};

/** How a file's rows become decisions. */
export const mappingSchema = z.strictObject({
  /** For people. */
  about: z.string().optional(),
  agentId: expression.refine((value) => value !== undefined, 'is required'),
  /** As the body that logs one decision; its `clientToken` is made here. */
  decision: z.record(z.string(), expression),
  /** What makes a row the same row when it comes again. Default: all that is in it. */
  id: expression.optional(),
  /** True for rows that are no decisions. */
  skip: expression.optional(),
  /** Where one line holds a map of rows: its path, under which each is `row` and its name `key`. */
  each: path.optional(),
  /** JSON Lines files to look things up in, by name, beside the file that is imported. */
  lookups: z.record(z.string(), z.strictObject({ file: z.string(), key: path })).optional(),
});

export type MappingFile = z.output<typeof mappingSchema>;

export interface MappedRow {
  readonly line: number;
  readonly key?: string;
  readonly decision?: ImportRow;
  /** Why it is none. */
  readonly problem?: string;
  /** The mapping says it is no decision. */
  readonly skipped?: boolean;
}

/** @throws Error that names what is wrong with the mapping */
export function parseMapping(text: string): MappingFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`the mapping is not JSON: ${(error as Error).message}`);
  }
  const parsed = mappingSchema.safeParse(json);
  if (!parsed.success)
    throw new Error(
      `the mapping is not valid: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    );
  const unknown = unknownOperation(json);
  if (unknown !== undefined) throw new Error(`the mapping names an operation there is none of: ${unknown}`);
  return parsed.data;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Turns the rows of one file, in their order, into decisions. */
export class Mapping {
  readonly #mapping: MappingFile;
  readonly #lookups: Readonly<Record<string, unknown>>;
  readonly #seen = new Map<string, number>();
  #previous: unknown;

  /** @param file the one that is imported; lookups stand beside it */
  constructor(mapping: MappingFile, file: string) {
    this.#mapping = mapping;
    this.#lookups = Object.fromEntries(
      Object.entries(mapping.lookups ?? {}).map(([name, { file: beside, key }]) => [
        name,
        Object.fromEntries(
          readObjects(resolve(dirname(file), beside)).map((row) => [
            String(evaluate({ row }, { $: ['row', ...(typeof key === 'string' ? key.split('.') : key)] })),
            row,
          ]),
        ),
      ]),
    );
  }

  /** The decisions of one record; each with its problem where there is one. */
  rowsOf({ line, row, problem }: SourceRow): MappedRow[] {
    if (!row) return [{ line, problem: problem ?? 'is no record' }];
    const { each } = this.#mapping;
    if (each === undefined) {
      const mapped = this.#map({ row, previous: this.#previous, line, lookups: this.#lookups }, line);
      this.#previous = row;
      return [mapped];
    }
    const rows = evaluate({ row }, { $: ['row', ...(typeof each === 'string' ? each.split('.') : each)] });
    if (rows === null || typeof rows !== 'object')
      return [{ line, problem: 'has no rows where the mapping looks for them' }];
    // In the order of their names: dates, mostly, and `previous` is the one before.
    const named = Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1));
    return named.map(([key, inner], i) => ({
      key,
      ...this.#map(
        {
          row: inner as unknown,
          previous: named[i - 1]?.[1] as unknown,
          key,
          line,
          record: row,
          lookups: this.#lookups,
        },
        line,
      ),
    }));
  }

  #map(scope: Scope, line: number): MappedRow {
    const { agentId, decision, id, skip } = this.#mapping;
    try {
      if (skip !== undefined && evaluate(scope, skip)) return { line, skipped: true };
      const token = this.#token(scope, id);
      return {
        line,
        decision: {
          agentId: agentOf(evaluate(scope, agentId)),
          decision: { ...(evaluate(scope, decision) as object), clientToken: token },
        },
      };
    } catch (error) {
      if (error instanceof RowError) return { line, problem: error.message };
      throw error;
    }
  }

  /** Of a row without an id, what is in it; of equal rows each counts. */
  #token(scope: Scope, id: Expression): string {
    if (id !== undefined) {
      const value = evaluate(scope, id);
      if (value === undefined) throw new RowError('has no id');
      return `import-${digest(canonicalJson(value))}`;
    }
    const content = digest(canonicalJson([scope['record'], scope['key'], scope['row']]));
    const before = this.#seen.get(content) ?? 0;
    this.#seen.set(content, before + 1);
    return `import-${content}-${before}`;
  }
}
