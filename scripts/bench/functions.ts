/** Size of each function's bundle, and how long a cold process takes to load it, against a function that does nothing. */
import { execFile } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { FunctionSpec } from '../local/assembly.ts';
import { percentile, table } from '../shared/figures.ts';
import { synthesizedIn, withWorkDirectory } from '../shared/service-tables.ts';

const LOAD =
  'const begun = performance.now();' +
  'import(process.argv[1]).then(() => process.stdout.write(String(performance.now() - begun)));';

interface FunctionFigures {
  readonly name: string;
  readonly kilobytes: number;
  /** Median milliseconds to import it in a cold process. */
  readonly importMs: number;
}

async function importTime(file: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', LOAD, pathToFileURL(file).href], {
    env: {
      PATH: process.env['PATH'],
      AWS_REGION: 'us-east-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
    },
  });
  return Number(stdout);
}

/** @param directory for the function that does nothing */
async function measure(
  specs: readonly FunctionSpec[],
  directory: string,
  runs: number,
): Promise<FunctionFigures[]> {
  const empty = join(directory, 'empty');
  mkdirSync(empty, { recursive: true });
  writeFileSync(join(empty, 'index.mjs'), 'export const handler = async () => ({ statusCode: 200 });\n');
  const all = [
    { name: '(empty)', file: join(empty, 'index.mjs'), environment: {} },
    ...specs.flatMap(({ name, directory: code, environment }) =>
      code ? [{ name, file: join(code, 'index.mjs'), environment }] : [],
    ),
  ];
  const times = all.map((): number[] => []);
  // In turn, so that what else the machine does meets all alike; the first round only warms the disk.
  for (let round = 0; round <= runs; round++)
    for (const [i, { file, environment }] of all.entries()) {
      const time = await importTime(file, environment);
      if (round > 0) times[i]!.push(time);
    }
  return all.map(({ name, file }, i) => ({
    // Without the hash the synthesis adds.
    name: name.replace(/Function[0-9A-F]{8}$/, ''),
    kilobytes: statSync(file).size / 1024,
    importMs: percentile(times[i]!, 0.5),
  }));
}

export interface FunctionOptions {
  readonly runs: number;
  /** Measures the first three functions only. */
  readonly quick: boolean;
}

export function run({ runs, quick }: FunctionOptions): Promise<void> {
  return withWorkDirectory(async (directory) => {
    const { functions } = await synthesizedIn(directory);
    const figures = await measure(quick ? functions.slice(0, 3) : functions, directory, runs);
    const base = figures[0]!.importMs;
    process.stdout.write(
      `Functions: size of the bundle, and median time to import it in a cold process\n${table([
        ['function', 'KB', 'import ms', '× empty'],
        ...figures.map(({ name, kilobytes, importMs }) => [
          name,
          kilobytes.toFixed(1),
          importMs.toFixed(1),
          (importMs / base).toFixed(1),
        ]),
      ])}\n`,
    );
  });
}
