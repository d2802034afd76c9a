/**
 * `npm run bench`: what the service adds to the raw SDK on the same emulator in the same run, the miner alone, and the
 * weight of each function. Only ratios can be compared between machines.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Assembly, readAssembly } from '../local/assembly.ts';
import { startEmulator } from '../local/emulator.ts';
import { makeWorkDirectory, synthesize } from '../local/synthesis.ts';
import { createTable } from '../local/tables.ts';
import { table } from './figures.ts';
import { benchFunctions, type FunctionFigures } from './functions.ts';
import { benchWrites, type WriteResult } from './writes.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);
const ms = (value: number) => value.toFixed(2);

async function withTables(assembly: Assembly): Promise<WriteResult[]> {
  const emulator = await startEmulator();
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    for (const { name, resource } of assembly.tables) await createTable(client, name, resource);
    return await benchWrites(emulator.endpoint);
  } finally {
    client.destroy();
    await emulator.stop();
  }
}

function printWrites(results: readonly WriteResult[]): void {
  print(
    `Through the handler against the same write with the SDK alone, milliseconds, ${results[0]!.handler.count} each`,
  );
  print(
    table([
      ['operation', 'handler p50', 'raw p50', 'ratio p50', 'handler p99', 'raw p99', 'ratio p99', 'commands'],
      ...results.map(({ operation, handler, raw, commands }) => [
        operation,
        ms(handler.p50),
        ms(raw.p50),
        ms(handler.p50 / raw.p50),
        ms(handler.p99),
        ms(raw.p99),
        ms(handler.p99 / raw.p99),
        String(commands),
      ]),
    ]),
  );
}

function printFunctions([empty, ...functions]: readonly FunctionFigures[]): void {
  print('\nFunctions: size of the bundle, and median time to import it in a cold process');
  print(
    table([
      ['function', 'KB', 'import ms', '× empty'],
      ['(empty)', empty!.kilobytes.toFixed(1), empty!.importMs.toFixed(1), '1.0'],
      ...functions.map(({ name, kilobytes, importMs }) => [
        name,
        kilobytes.toFixed(0),
        importMs.toFixed(1),
        (importMs / empty!.importMs).toFixed(1),
      ]),
    ]),
  );
}

/** A script of this directory in a process of its own: its memory is measured. */
const runApart = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, name);
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))));
  });

async function main(): Promise<void> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const directory = makeWorkDirectory();
  try {
    const assemblyDirectory = join(directory, 'cdk.out');
    await synthesize(assemblyDirectory);
    const assembly = readAssembly(assemblyDirectory, 'http://127.0.0.1');
    printWrites(await withTables(assembly));
    print('\nThe miner alone');
    await runApart('miner.ts');
    print('\nMemory of a run that reads');
    await runApart('streaming.ts');
    printFunctions(await benchFunctions(assembly.functions, directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack ?? error)}\n`);
    process.exit(1);
  },
);
