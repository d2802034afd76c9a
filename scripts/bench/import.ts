/**
 * How fast history comes in (`npm run import`: read, map, look, write) beside BatchWriteItem alone with the same items,
 * ready made, and as many requests on their way. In turns on one emulator: only the ratio means anything.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createApp } from '../../lib/app.ts';
import { stages } from '../../lib/config.ts';
import type { ImportRow } from '../../lambdas/decisions/decision-import.ts';
import { toItem } from '../../lambdas/decisions/table.ts';
import { documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { putAll } from '../../lambdas/shared/dynamodb/batch-write.ts';
import { payloadHash, tokenPart, typedId } from '../../lambdas/shared/platform/ids.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { Mapping, parseMapping } from '../import/mapping.ts';
import { BATCH_ROWS, BATCHES_UNDER_WAY, runImport } from '../import/run.ts';
import { openSource } from '../import/source.ts';
import { tableTarget } from '../import/target.ts';
import { startEmulator } from '../local/emulator.ts';
import { makeWorkDirectory } from '../local/synthesis.ts';
import { createTable, tableResources } from '../local/tables.ts';
import { percentile, table } from './figures.ts';

const ROWS = 4_000;
const ROUNDS = 5;
const START = Date.UTC(2025, 0, 1);

/** Each round has a time of its own. */
const rowAt = (round: number, i: number) => ({
  time: new Date(START + (round * ROWS + i) * 60_000).toISOString(),
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
  let next = 0;
  const worker = async () => {
    for (let start = next; start < items.length; start = next) {
      next = start + BATCH_ROWS;
      await putAll(documents, tables.decisions.name, items.slice(start, start + BATCH_ROWS));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_UNDER_WAY }, worker));
}

async function perSecond(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (ROWS / (performance.now() - started)) * 1000;
}

async function main(): Promise<void> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const work = makeWorkDirectory();
  const emulator = await startEmulator();
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    mkdirSync(work, { recursive: true });
    const app = createApp(stages.dev, {
      outdir: join(work, 'cdk.out'),
      context: { 'aws:cdk:bundling-stacks': [] },
    });
    const resources = app.synth().stacks.flatMap((stack) => tableResources(stack.template));
    for (const [construct, { name }] of [
      ['Decisions', tables.decisions],
      ['State', tables.state],
    ] as const)
      await createTable(
        client,
        name,
        resources.find(({ logicalId }) => logicalId.startsWith(construct))!,
      );
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
    for (let round = 0; round <= ROUNDS; round++) {
      const rows = Array.from({ length: ROWS }, (_, i) => rowAt(2 * round, i));
      const file = join(work, `rows-${round}.jsonl`);
      writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
      const items = itemsOf(
        file,
        rows.map((_, i) => rowAt(2 * round + 1, i)),
      );
      const rawRate = await perSecond(() => writeRaw(documents, items));
      const importRate = await perSecond(() => importFile(file));
      const repeatRate = await perSecond(async () => {
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
      `${ROWS} rows a round, ${ROUNDS} rounds; rows a second\n${table([
        ['', 'median', 'least', 'most'],
        ['BatchWriteItem alone', ...text(raw)],
        ['import', ...text(imported)],
        ['the same import again, adding nothing', ...text(again)],
        ['import ÷ BatchWriteItem', ...text(ratios, 2)],
      ])}\n`,
    );
  } finally {
    client.destroy();
    await emulator.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack ?? error)}\n`);
    process.exit(1);
  },
);
