import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface ConsumedUnits {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** As the client names them below the document client's own commands. */
const READS = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand', 'TransactGetItemsCommand']);

interface Metered {
  readonly output: { readonly ConsumedCapacity?: unknown };
}

const unitsOf = (consumed: unknown): number =>
  (Array.isArray(consumed) ? consumed : [consumed]).reduce<number>(
    (sum, entry: { CapacityUnits?: number } | undefined) => sum + (entry?.CapacityUnits ?? 0),
    0,
  );

/**
 * Adds up what every command of a client consumes, by asking DynamoDB for it in each request.
 * @returns reads the sums and sets them back to zero
 */
export function meterCapacity(documents: DynamoDBDocumentClient): () => ConsumedUnits {
  let readUnits = 0;
  let writeUnits = 0;
  documents.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as { ReturnConsumedCapacity?: string };
      input.ReturnConsumedCapacity ??= 'TOTAL';
      const result = await next(args);
      const units = unitsOf((result as unknown as Metered).output.ConsumedCapacity);
      if (READS.has(context.commandName ?? '')) readUnits += units;
      else writeUnits += units;
      return result;
    },
    { step: 'initialize', name: 'meterCapacity', override: true },
  );
  return () => {
    const consumed = { readUnits, writeUnits };
    readUnits = 0;
    writeUnits = 0;
    return consumed;
  };
}
