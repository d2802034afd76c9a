/**
 * `npm start`: the whole service on this machine. Its options are environment variables; `usage` has them. On stdout
 * there is one line, once requests are answered.
 */
import { PrerequisiteError } from './local/emulator.ts';
import { type LocalService, startService } from './local/service.ts';
import { isHostName } from './local/web-guard.ts';
import { endWith } from './shared/command.ts';
import { columns, readArguments } from './shared/options.ts';

const usage = {
  command: 'npm start',
  about: 'Runs the whole service on this machine, with DynamoDB Local inside.',
  options: {},
  notes: [
    'Environment variables:',
    columns([
      ['PORT', 'where it listens on 127.0.0.1, 0 for any free port (default 3000)'],
      ['DATA_DIR', 'where data is kept over a restart; :memory: keeps nothing (default .local)'],
      ['LOG_LEVEL', 'what functions log to stderr (default WARN)'],
      [
        'ALLOWED_HOSTS',
        'host names to answer beside localhost, separated by commas, such as those of containers',
      ],
      ['ASSEMBLY', 'a directory npm run synth made, such as cdk.out/dev: saves the seconds of synthesizing'],
    ]),
  ],
};

/** The whole stop has this long; what hangs is then left to the process's own end. */
const STOP_MS = 5_000;

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return 3000;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new PrerequisiteError(`PORT must be a number from 0 to 65535, not '${text}'`);
  return port;
}

function readAllowedHosts(text = ''): string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name !== '' && !isHostName(name));
  if (wrong !== undefined)
    throw new PrerequisiteError(`ALLOWED_HOSTS must be host names without scheme and port, not '${wrong}'`);
  return names.filter((name) => name !== '');
}

function fail(error: Error): never {
  process.stderr.write(`agent-memory: ${error instanceof PrerequisiteError ? error.message : error.stack}\n`);
  process.exit(1);
}

const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
};

try {
  readArguments(usage, process.argv.slice(2));
} catch (error) {
  endWith(error as Error);
}

let service: LocalService | undefined;
let ending = false;

/** The first signal stops; before anything answers, or when it takes too long, the process just ends. */
function onSignal(): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), STOP_MS).unref();
  if (!service) process.exit(0);
  service.stop().then(() => process.exit(0), fail);
}

// Started by npm, it ends with npm, however that ended: a killed parent passes no signal on.
const parent = process.ppid;
if (process.env['npm_lifecycle_event'])
  setInterval(() => {
    if (process.ppid !== parent) onSignal();
  }, 1_000).unref();

process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);

try {
  const directory = process.env['DATA_DIR'] || '.local';
  service = await startService({
    port: readPort(process.env['PORT']),
    allowedHosts: readAllowedHosts(process.env['ALLOWED_HOSTS']),
    dataDirectory: directory === ':memory:' ? undefined : directory,
    logLevel: process.env['LOG_LEVEL'],
    assembly: process.env['ASSEMBLY'],
    onProgress: progress,
    onFailure: fail,
  });
  process.stdout.write(`agent-memory listening on ${service.url}\n`);
} catch (error) {
  fail(error as Error);
}
