/**
 * `npm run test:generators`: lints the OpenAPI documents, generates clients from them, compiles or imports these, and
 * calls the local service with them. The generators have a lock of their own: `npm ci --prefix test/generators` first.
 *
 * A part that cannot run on this machine is one line that begins with SKIPPED. The last line has jest's form.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startService } from '../../scripts/local/service.ts';
import { PrerequisiteError } from '../../scripts/local/emulator.ts';
import { messageOf, runCommand } from '../../scripts/shared/command.ts';
import { findPython, generated, here, installPython, root, run } from './commands.ts';

const document = join(root, 'docs', 'openapi.json');

const bin = (name: string, ...args: readonly string[]) =>
  run(process.execPath, [join(here, 'node_modules', name), ...args]);

const operationIds: readonly string[] = Object.values(
  (JSON.parse(readFileSync(document, 'utf8')) as { paths: Record<string, Record<string, object>> }).paths,
).flatMap((methods) =>
  Object.values(methods).map((operation) => (operation as { operationId: string }).operationId),
);

let passed = 0;
let failed = 0;

async function check(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    passed += 1;
    process.stdout.write(`✓ ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`✗ ${name}\n${(error as Error).message.slice(0, 8_000)}\n`);
  }
}

function assertAllIn(text: string, patternOf: (operationId: string) => RegExp): void {
  const missing = operationIds.filter((id) => !patternOf(id).test(text));
  if (missing.length > 0) throw new Error(`no ${missing.join(', ')}`);
}

async function lint(): Promise<void> {
  for (const [name, suffix] of [
    ['openapi.json', ''],
    ['openapi.gateway.json', '.gateway'],
  ] as const) {
    const file = join(root, 'docs', name);
    await check(`redocly finds nothing in ${name}`, () =>
      bin('@redocly/cli/bin/cli.js', 'lint', '--config', `redocly${suffix}.yaml`, file),
    );
    await check(`spectral finds nothing in ${name}`, () =>
      bin(
        '@stoplight/spectral-cli/dist/index.js',
        'lint',
        '--fail-severity',
        'hint',
        '-r',
        `.spectral${suffix}.yaml`,
        file,
      ),
    );
  }
}

/** Calls the service through a client program, which imports what was generated. */
async function callWith(program: string, url: string): Promise<void> {
  const file = pathToFileURL(join(here, 'typescript', program)).href;
  const { callService } = (await import(file)) as { callService: (url: string) => Promise<void> };
  await callService(url);
}

async function checkOpenApiFetch(url: string): Promise<void> {
  const file = join(generated, 'typescript', 'openapi-fetch', 'schema.ts');
  await check('openapi-typescript has every operation', async () => {
    await bin('openapi-typescript/bin/cli.js', document, '-o', file);
    const text = readFileSync(file, 'utf8');
    assertAllIn(
      text.slice(text.indexOf('export interface operations')),
      (id) => new RegExp(`^    ${id}: \\{`, 'm'),
    );
  });
  await check('openapi-fetch calls the service', () => callWith('openapi-fetch.ts', url));
}

/** The lowest version that hey-api supports. */
const HEY_API_NODE = [22, 18] as const;

function supportsHeyApi(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > HEY_API_NODE[0] || (major === HEY_API_NODE[0] && minor >= HEY_API_NODE[1]);
}

async function checkHeyApi(url: string): Promise<void> {
  const directory = join(generated, 'typescript', 'hey-api');
  await check('hey-api has every operation', async () => {
    await bin('@hey-api/openapi-ts/bin/run.js', '-i', document, '-o', directory, '--no-log-file');
    assertAllIn(
      readFileSync(join(directory, 'sdk.gen.ts'), 'utf8'),
      (id) => new RegExp(`^export const ${id} = `, 'm'),
    );
  });
  await check('hey-api calls the service', () => callWith('hey-api.ts', url));
}

async function checkPython(python: string, url: string): Promise<void> {
  const directory = join(generated, 'python');
  let interpreter = python;
  await check('openapi-python-client generates without a warning', async () => {
    interpreter = await installPython(python, 'requirements.txt', 'python-environment');
    const output = ['--output-path', join(directory, 'generated_client'), '--meta', 'none'];
    const strictly = ['--config', 'python/config.yaml', '--fail-on-warning'];
    const command = ['-m', 'openapi_python_client', 'generate', '--path', document];
    await run(interpreter, [...command, ...output, ...strictly]);
  });
  await check('its client has every operation and calls the service', () =>
    run(interpreter, ['python/call_service.py', directory, url, JSON.stringify(operationIds)]),
  );
}

function skip(part: string, reason: string): void {
  process.stdout.write(`SKIPPED ${part}: ${reason}\n`);
}

async function main(): Promise<boolean> {
  if (!existsSync(join(here, 'node_modules')))
    throw new PrerequisiteError('install the generators first: npm ci --prefix test/generators');
  for (const part of ['typescript', 'python'])
    rmSync(join(generated, part), { recursive: true, force: true });
  await lint();
  const service = await startService({ port: 0, quiet: true });
  try {
    await checkOpenApiFetch(service.url);
    if (supportsHeyApi()) await checkHeyApi(service.url);
    else skip('hey-api', `it needs Node.js ${HEY_API_NODE.join('.')}, this is ${process.versions.node}`);
    await check('programs that use the TypeScript clients compile', () =>
      bin(
        'typescript/bin/tsc',
        '-p',
        supportsHeyApi() ? 'typescript/tsconfig.json' : 'typescript/tsconfig.openapi-fetch.json',
      ),
    );
    const python = await findPython();
    if (python) await checkPython(python, service.url);
    else skip('openapi-python-client', 'it needs python3 3.10 or later, with venv');
  } finally {
    await service.stop();
  }
  process.stdout.write(`Tests: ${failed} failed, ${passed} passed, ${passed + failed} total\n`);
  return failed === 0;
}

runCommand(main, messageOf);
