/**
 * How fast history comes in (`npm run import`: read, map, look, write) beside BatchWriteItem alone with the same items,
 * ready made, and as many requests on their way. In turns on one emulator: only the ratio means anything.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ImportRow } from '../../lambdas/decisions/decision-import.ts';
import { toItem } from '../../lambdas/decisions/table.ts';
import { documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { Table } from '../../lambdas/shared/dynamodb/table.ts';
import { payloadHash, tokenPart, typedId } from '../../lambdas/shared/platform/ids.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { Mapping, parseMapping } from '../import/mapping.ts';
import { BATCH_ROWS, BATCHES_UNDER_WAY, runImport } from '../import/run.ts';
import { openSource } from '../import/source.ts';
import { tableTarget } from '../import/target.ts';
import { percentile, table, timed } from '../shared/figures.ts';
import { withServiceTables } from '../shared/service-tables.ts';

const START = Date.UTC(2025, 0, 1);

/** Each round has a day of its own, or more. */
const rowAt = (round: number, i: number, rows: number) => ({
  time: new Date(START + (round * rows + i) * 60_000).toISOString(),
  order: `${round}-${i}`,
  symbol: ['BTC', 'ETH', 'SOL'][i % 3]!,
  trend: ['up', 'down', 'flat'][(i >> 2) % 3]!,
  volatility: (i % 97) / 97,
  pnl: ((i * 37) % 200) - 100,
});

const mappingText = JSON.stringify({
  agentId: 'bench-import',
  id: { $: 'row.order' },
  decision: {
    decisionType: 'TRADE_EXECUTION',
    timestamp: { $time: { $: 'row.time' } },
    action: 'buy',
    context: {
      symbol: { $: 'row.symbol' },
      market: { trend: { $: 'row.trend' }, volatility: { $: 'row.volatility' } },
    },
    outcome: {
      status: { $if: [{ $more: [{ $: 'row.pnl' }, 0] }, 'success', 'failure'] },
      metrics: { pnl: { $: 'row.pnl' } },
    },
  },
});

/** The items an import of the file writes, made before the clock starts. */
function itemsOf(file: string, rows: readonly ReturnType<typeof rowAt>[]): Record<string, unknown>[] {
  const mapping = new Mapping(parseMapping(mappingText), file);
  return rows.map((row, i) => {
    const { agentId, decision } = mapping.rowsOf({ line: i + 1, row })[0]!.decision as ImportRow;
    const { clientToken, outcome, timestamp, ...fields } = decision as {
      clientToken: string;
      timestamp: string;
      outcome: { status: 'success' | 'failure'; metrics: { pnl: number } };
      context: Record<string, unknown>;
      decisionType: string;
      action: string;
    };
    const decisionId = typedId(
      fields.decisionType,
      new Date(timestamp),
      tokenPart(agentId, 'bench', clientToken),
    );
    return {
      ...toItem({
        ...fields,
        agentId,
        decisionId,
        timestamp,
        status: outcome.status,
        outcome: { ...outcome, occurredAt: timestamp },
        outcomeRevision: 1,
        depth: 1,
        loggedAt: new Date().toISOString(),
      }),
      payloadHash: payloadHash(decision),
    };
  });
}

/** As many batches of 25 at a time as the import has. */
async function writeRaw(documents: DynamoDBDocumentClient, items: readonly Record<string, unknown>[]) {
  const decisions = new Table(documents, tables.decisions.name);
  let next = 0;
  const worker = async () => {
    for (let start = next; start < items.length; start = next) {
      next = start + BATCH_ROWS;
      await decisions.putAll(items.slice(start, start + BATCH_ROWS));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_UNDER_WAY }, worker));
}

const perSecond = async (rows: number, work: () => Promise<unknown>): Promise<number> =>
  (rows / (await timed(work))) * 1000;

export interface ImportBenchOptions {
  readonly rows: number;
  readonly rounds: number;
}

async function measure({ rows, rounds }: ImportBenchOptions, directory: string): Promise<void> {
  const client = new DynamoDBClient({});
  try {
    const documents = DynamoDBDocumentClient.from(client, documentOptions);
    const names = { decisions: tables.decisions.name, state: tables.state.name };

    const importFile = (file: string) => {
      const mapping = new Mapping(parseMapping(mappingText), file);
      return runImport({
        rows: openSource(file).rows(),
        map: (row) => mapping.rowsOf(row),
        target: tableTarget(documents, names),
        onRejection: ({ line, reason }) => {
          throw new Error(`line ${line}: ${reason}`);
        },
        onProgress: () => undefined,
      });
    };

    const raw: number[] = [];
    const imported: number[] = [];
    const again: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const made = Array.from({ length: rows }, (_, i) => rowAt(2 * round, i, rows));
      const file = join(directory, `rows-${round}.jsonl`);
      writeFileSync(file, made.map((row) => JSON.stringify(row)).join('\n'));
      const items = itemsOf(
        file,
        made.map((_, i) => rowAt(2 * round + 1, i, rows)),
      );
      const rawRate = await perSecond(rows, () => writeRaw(documents, items));
      const importRate = await perSecond(rows, () => importFile(file));
      const repeatRate = await perSecond(rows, async () => {
        const { added } = await importFile(file);
        if (added > 0) throw new Error(`the second import added ${added}`);
      });
      // The first round only warms the emulator.
      if (round === 0) continue;
      raw.push(rawRate);
      imported.push(importRate);
      again.push(repeatRate);
    }
    const ratios = imported.map((rate, i) => rate / raw[i]!);
    const text = (values: readonly number[], digits = 0) => [
      percentile(values, 0.5).toFixed(digits),
      Math.min(...values).toFixed(digits),
      Math.max(...values).toFixed(digits),
    ];
    process.stdout.write(
      `${rows} rows a round, ${rounds} rounds; rows a second\n${table([
        ['', 'median', 'least', 'most'],
        ['BatchWriteItem alone', ...text(raw)],
        ['import', ...text(imported)],
        ['the same import again, adding nothing', ...text(again)],
        ['import ÷ BatchWriteItem', ...text(ratios, 2)],
      ])}\n`,
    );
  } finally {
    client.destroy();
  }
}

export const run = (options: ImportBenchOptions): Promise<void> =>
  withServiceTables(({ directory }) => measure(options, directory));
