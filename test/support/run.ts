/**
 * `npm test`: starts DynamoDB Local once, synthesizes the app once, then runs jest twice: the suite, then the tests
 * that read what the suite recorded. With arguments (`npm test -- test/lambdas/decisions`) only the suite runs.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createApp } from '../../lib/app.ts';
import { stageConfig } from '../../lib/config.ts';
import { PrerequisiteError, startEmulator } from '../../scripts/local/emulator.ts';
import { tableResources } from '../../scripts/local/tables.ts';
import { TABLES_FILE } from './paths.ts';

const work = join(process.cwd(), '.cache', `test-${process.pid}`);

function synthesizeTables(): void {
  const stacks = createApp(stageConfig('dev'), {
    outdir: join(work, 'cdk.out'),
    context: { 'aws:cdk:bundling-stacks': [] },
  }).synth().stacks;
  writeFileSync(
    join(work, TABLES_FILE),
    JSON.stringify(stacks.flatMap((stack) => tableResources(stack.template))),
  );
}

const jest = (project: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((resolve) => {
    const bin = createRequire(import.meta.url).resolve('jest/bin/jest');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    // Last, because --selectProjects takes every word after it.
    const child = spawn(process.execPath, [...flags, bin, ...args, '--selectProjects', project], {
      stdio: 'inherit',
      env: environment,
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  mkdirSync(work, { recursive: true });
  synthesizeTables();
  const emulator = await startEmulator();
  try {
    const environment = {
      ...process.env,
      AWS_ENDPOINT_URL_DYNAMODB: emulator.endpoint,
      TEST_WORK_DIRECTORY: work,
    };
    const suite = await jest('suite', args, environment);
    if (suite !== 0 || args.length > 0) return suite;
    return await jest('recorded', [], environment);
  } finally {
    await emulator.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof PrerequisiteError ? error.message : String((error as Error).stack)}\n`,
    );
    process.exit(1);
  },
);
