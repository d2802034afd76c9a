import type * as z from 'zod';
import { ValidationFailedError } from '../errors.ts';
import type { ErrorCode } from './contract.ts';
import { toErrorAnswer } from './errors.ts';
import { parseSent } from './request.ts';

/** Rows at work at the same time: enough to hide the round trip, few enough not to throttle one partition. */
const CONCURRENCY = 10;

/** Failures of the service, not of a row. When every row has one, the whole request failed. */
const OURS: ReadonlySet<ErrorCode> = new Set(['Throttled', 'Unavailable', 'Internal']);

export interface FailedRow {
  readonly index: number;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface BatchAnswer<Item> {
  /** Results of the rows that succeeded, in their order. */
  readonly items: Item[];
  readonly failed: FailedRow[];
}

export interface BatchWork<Schema extends z.ZodType, Item> {
  readonly schema: Schema;
  readonly rows: readonly unknown[];
  /** Called in the order of the rows, up to ten at a time. */
  readonly run: (row: z.output<Schema>) => Promise<Item>;
  /** Rows with the same key run one after the other, in their order; a row without one waits for none. */
  readonly keyOf?: (row: z.output<Schema>) => string | undefined;
  readonly logger: { error(message: string, extra: { error: Error; index: number }): void };
}

/** A hundred rows may fail: their messages together stay far below what an answer holds. */
const MAX_MESSAGE_CHARACTERS = 2000;

const messageOf = (error: unknown, fallback: string): string =>
  error instanceof ValidationFailedError
    ? error.issues
        .map(({ path, message }) => (path ? `${path}: ${message}` : message))
        .join('; ')
        .slice(0, MAX_MESSAGE_CHARACTERS)
    : fallback;

/**
 * Runs a batch in which a bad row fails alone.
 *
 * @throws the first row's error when every row failed and not one for a reason of its own: the client should then
 * back off and repeat the request as a whole
 */
export async function runBatch<Schema extends z.ZodType, Item>(
  work: BatchWork<Schema, Item>,
): Promise<BatchAnswer<Item>> {
  const { schema, rows, run, keyOf, logger } = work;
  const settled: ({ item: Item } | { error: unknown })[] = [];
  const lastOfKey = new Map<string, Promise<unknown>>();
  const runRow = async (row: z.output<Schema>): Promise<Item> => {
    const key = keyOf?.(row);
    if (key === undefined) return run(row);
    const before = lastOfKey.get(key);
    // At once when it is the first: rows begin in their order, and a later one may look for it.
    const mine = before
      ? before.then(
          () => run(row),
          () => run(row),
        )
      : run(row);
    lastOfKey.set(key, mine);
    return mine;
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < rows.length) {
      const index = next++;
      try {
        settled[index] = { item: await runRow(parseSent(schema, rows[index])) };
      } catch (error) {
        settled[index] = { error };
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));

  const items: Item[] = [];
  const failed: FailedRow[] = [];
  for (const [index, row] of settled.entries()) {
    if ('item' in row) {
      items.push(row.item);
      continue;
    }
    const { code, message } = toErrorAnswer(row.error);
    if (code === 'Internal') logger.error('row failed', { error: row.error as Error, index });
    failed.push({ index, code, message: messageOf(row.error, message) });
  }
  const first = settled[0];
  if (items.length === 0 && first && 'error' in first && failed.every(({ code }) => OURS.has(code)))
    throw first.error;
  return { items, failed };
}
