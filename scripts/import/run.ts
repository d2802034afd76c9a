import type { ImportRow } from '../../lambdas/decisions/decision-import.ts';
import type { MappedRow } from './mapping.ts';
import type { SourceRow } from './source.ts';
import type { ImportTarget } from './target.ts';

/** What one call takes: as many as DynamoDB looks up at once, and as many as a batch route takes. */
export const BATCH_ROWS = 100;
/** Batches on their way at the same time: enough that reading, looking and writing overlap. */
export const BATCHES_UNDER_WAY = 8;

export interface ImportCounts {
  readonly rows: number;
  readonly added: number;
  /** Were there already. */
  readonly present: number;
  /** No decisions, says the mapping. */
  readonly skipped: number;
  readonly rejected: number;
}

export interface Rejection {
  readonly line: number;
  readonly key?: string;
  readonly reason: string;
}

export interface ImportWork {
  readonly rows: AsyncIterable<SourceRow>;
  readonly map: (row: SourceRow) => readonly MappedRow[];
  readonly target: ImportTarget;
  readonly onRejection: (rejection: Rejection) => void;
  readonly onProgress: (counts: ImportCounts) => void;
}

interface Waiting {
  readonly row: MappedRow;
  readonly decision: ImportRow;
}

/**
 * Reads, maps and adds, so many batches at a time. A row that is refused stops nothing; a target that fails stops all,
 * and the same import again finishes it.
 */
export async function runImport({
  rows,
  map,
  target,
  onRejection,
  onProgress,
}: ImportWork): Promise<ImportCounts> {
  const counts = { rows: 0, added: 0, present: 0, skipped: 0, rejected: 0 };
  const underWay = new Set<Promise<void>>();
  let batch: Waiting[] = [];
  let failure: { readonly error: unknown } | undefined;

  const reject = ({ line, key }: MappedRow, reason: string) => {
    counts.rejected++;
    onRejection({ line, ...(key !== undefined && { key }), reason });
  };
  const send = async (sent: readonly Waiting[]): Promise<void> => {
    try {
      const results = await target.add(sent.map(({ decision }) => decision));
      for (const [i, result] of results.entries())
        if (result.status === 'rejected') reject(sent[i]!.row, result.reason);
        else counts[result.status]++;
      onProgress(counts);
    } catch (error) {
      failure ??= { error };
    }
  };
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const sending: Promise<void> = send(batch).finally(() => underWay.delete(sending));
    underWay.add(sending);
    batch = [];
    if (underWay.size >= BATCHES_UNDER_WAY) await Promise.race(underWay);
  };

  for await (const source of rows) {
    for (const row of map(source)) {
      counts.rows++;
      if (row.skipped) counts.skipped++;
      else if (!row.decision) reject(row, row.problem ?? 'is no decision');
      else batch.push({ row, decision: row.decision });
      if (batch.length === BATCH_ROWS) await flush();
    }
    if (failure) break;
  }
  if (!failure) await flush();
  await Promise.all(underWay);
  if (failure) throw failure.error;
  onProgress(counts);
  return counts;
}
