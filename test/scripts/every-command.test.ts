/**
 * Starts every tool, bench and example in a form of seconds, each in a process of its own with an environment that holds
 * nothing of the tests: a variable one of them lacks is missing here too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inventLogs } from '../../scripts/shared/invented-logs.ts';
import { logFiles } from '../../scripts/shared/published-logs.ts';
import { workDirectory } from '../support/paths.ts';

const root = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(workDirectory(), 'commands-'));
const assembly = join(directory, 'dev');
const dataDirectory = join(directory, 'data');
const logs = join(directory, 'logs');

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** The file of each npm script that is TypeScript under `scripts/`. */
const entries = new Map(
  Object.entries(scripts).flatMap(([name, command]) => {
    const file = /^(?:tsx|exec node --import tsx) (scripts\/\S+)$/.exec(command)?.[1];
    return file === undefined ? [] : [[name, file] as const];
  }),
);

type Words = readonly string[];
type Environment = Readonly<Record<string, string>>;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** No bound on speed: a command that hangs ends, one on a busy machine does not. */
const LIMIT_MS = 300_000;
const children = new Set<ChildProcess>();

/** Starts the process that `npm run NAME -- WORDS` would. It lives until it ends by itself or the tests end. */
function start(name: string, words: Words, environment: Environment = {}) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', entries.get(name)!, ...words], {
    cwd: root,
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (printed.out += String(chunk)));
  child.stderr.on('data', (chunk) => (printed.err += String(chunk)));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code, ...printed });
    }),
  );
  return { child, ended };
}

async function run(name: string, words: Words, environment?: Environment): Promise<Ended> {
  const { child, ended } = start(name, words, environment);
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return ended.finally(() => clearTimeout(limit));
}

/** A line that shows each bench has done its work, with `--quick`. */
const benches: Readonly<Record<string, RegExp>> = {
  writes: /^log a decision +\d/m,
  functions: /^\(empty\) +0\.1 /m,
  context: /^10, a moment ago +\d/m,
  search: /^warm search by words and vectors +p50 \d/m,
  patterns: /^Corrections: recall and share of false, 1 logs a cell\n.*\nno effect/m,
  pooled: /^ +0\.0 % {2}five honest agents, no effect$/m,
  demotion: /^bad weeks +-25 +\d of 1 /m,
  night: /^Every agent was consolidated exactly once in effect\.$/m,
  performance: /^4012 outcomes counted/m,
  import: /^import ÷ BatchWriteItem +\d/m,
  miner: /^200 +\d/m,
  streaming: /^1000 decisions, 3 MB read in 4 pages: /m,
};

interface Form {
  readonly words: Words;
  readonly says: RegExp;
}

const examples: Readonly<Record<string, Form>> = {
  'trading-desk': {
    words: ['--keep', '--days', '1', '--test', '1'],
    says: /^OUT OF SAMPLE: the 1 days? after learning was frozen$/m,
  },
  session: { words: ['--url', 'URL'], says: /^6 of 6 planted facts are there\.$/m },
  context: {
    words: ['--url', 'URL', '--file', join(logs, logFiles.calls)],
    says: /^Of \d+ calls that had been made before and were needed again, \d+ were in view/m,
  },
  ageing: { words: ['--nights', '2'], says: /^Stored and neither here nor there: 0\.$/m },
  quarters: { words: ['--url', 'URL', '--every', '15'], says: /^Q4 2024$/m },
};

const tools: Readonly<Record<string, Form>> = {
  synth: { words: ['--stage', 'dev', '--out', directory], says: /^dev: agent-memory-dev-storage, / },
  start: { words: [], says: /^agent-memory listening on http:\/\/127\.0\.0\.1:\d+\n$/ },
  import: {
    words: ['--file', join(directory, 'rows.jsonl'), '--map', join(directory, 'map.json')],
    says: /^2 rows: 2 added, 0 there already, 0 no decisions, 0 rejected, in /,
  },
  report: {
    words: ['--agent', 'imported', '--url', 'URL', '--out', join(directory, 'report.html')],
    says: /report\.html: \d+ KB, 2 decisions\n$/,
  },
  cost: { words: ['--quick'], says: /^with one dashboard at \$3 /m },
  openapi: {
    words: ['--check'],
    says: /^docs\/openapi\.json is what the contracts say\ndocs\/openapi\.gateway\.json is what the contracts say\n$/,
  },
  vocabulary: { words: ['--check'], says: /^32768 tokens, \d+ bytes checked\n$/ },
};

/** A choice of `bench` or `example`, or a tool by itself. */
const commands = [
  ...Object.entries(benches).map(([word, says]) => ({ name: 'bench', words: [word], says })),
  ...Object.entries(examples).map(([word, { says }]) => ({ name: 'example', words: [word], says })),
  ...Object.entries(tools).map(([name, { says }]) => ({ name, words: [], says })),
].map((command) => ({ ...command, title: [command.name, ...command.words].join(' ') }));

const ends = new Map<string, Ended>();

/** @param title where the end is found again */
async function note(name: string, words: Words, environment?: Environment, title = name): Promise<void> {
  ends.set(title, await run(name, words, environment));
}

/** One service for all that look at a running one; it keeps what it is told until it ends. */
async function runAgainstService(): Promise<void> {
  const service = start('start', [], {
    ASSEMBLY: assembly,
    DATA_DIR: dataDirectory,
    PORT: '0',
    // As npm sets it: the service then ends with this process, however that ends.
    npm_lifecycle_event: 'start',
  });
  const url = await new Promise<string>((resolve) => {
    service.child.stdout.once('data', (line) => resolve(String(line).trim().split(' ').at(-1)!));
    service.child.once('close', () => resolve('http://127.0.0.1:1'));
  });
  const at = (words: Words): Words => words.map((word) => (word === 'URL' ? url : word));
  await note('import', tools['import']!.words, { DATA_DIR: dataDirectory });
  await note('report', at(tools['report']!.words));
  const environment = { PORT: new URL(url).port };
  for (const name of ['session', 'trading-desk', 'context', 'quarters'])
    await note('example', [name, ...at(examples[name]!.words)], environment, `example ${name}`);
  service.child.kill('SIGTERM');
  ends.set('start', await service.ended);
}

function writeFiles(): void {
  for (const made of [dataDirectory, logs]) mkdirSync(made);
  for (const [name, rows] of Object.entries(inventLogs()))
    writeFileSync(
      join(logs, logFiles[name as keyof typeof logFiles]),
      (rows as readonly unknown[]).map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
  const rows = [1, 2].map((minutes) => ({ time: new Date(Date.now() - minutes * 60_000).toISOString() }));
  writeFileSync(join(directory, 'rows.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  const decision = { decisionType: 'TRADE_EXECUTION', timestamp: { $time: { $: 'row.time' } }, context: {} };
  writeFileSync(
    join(directory, 'map.json'),
    JSON.stringify({ agentId: 'imported', id: { $: 'row.time' }, decision }),
  );
}

/** Two things at a time: as many as there are cores, and other tests run beside. */
beforeAll(async () => {
  writeFiles();
  await note('synth', tools['synth']!.words);
  const environment = { ASSEMBLY: assembly };
  const runBenches = async () => {
    for (const name of Object.keys(benches)) {
      const data = name === 'search' ? ['--data', logs] : [];
      await note('bench', [name, '--quick', ...data], environment, `bench ${name}`);
    }
  };
  const runOthers = async () => {
    await runAgainstService();
    await note('example', ['ageing', ...examples['ageing']!.words], environment, 'example ageing');
    await note('cost', tools['cost']!.words, environment);
    for (const name of ['openapi', 'vocabulary']) await note(name, tools[name]!.words);
  };
  await Promise.all([runBenches(), runOthers()]);
}, 1_200_000);

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

describe('every npm script under scripts/', () => {
  it('is started here', () => {
    expect([...entries.keys()].sort()).toEqual(['bench', 'example', ...Object.keys(tools)].sort());
  });

  it.each([
    ['bench', benches],
    ['example', examples],
  ])('%s without a name lists what is started here', async (name, known) => {
    const { code, out, err } = await run(name, []);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect([...out.matchAll(/^ {2}(\S+) {2}/gm)].map(([, listed]) => listed)).toEqual(Object.keys(known));
    const wrong = await run(name, ['no-such-name']);
    expect(wrong).toEqual({
      code: 2,
      out: '',
      err: `npm run ${name}: there is no 'no-such-name'; there are ${Object.keys(known).join(', ')}\n`,
    });
  });
});

describe.each(commands)('$title', ({ name, words, title, says }) => {
  it('runs', () => {
    // Progress goes to stderr, and so does the reason when it fails.
    const err = expect.any(String);
    expect(ends.get(title)).toEqual({ code: 0, out: expect.stringMatching(says), err });
  });

  it('answers --help, and refuses a wrong option in one line', async () => {
    const [help, wrong] = await Promise.all([
      run(name, [...words, '--help']),
      run(name, [...words, '--no-such-option']),
    ]);
    expect(help).toEqual({
      code: 0,
      out: expect.stringMatching(/^npm (?:run )?\S+.*\n[^]*--help /),
      err: '',
    });
    expect(wrong).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/^npm (?:run )?\S+.*: Unknown option '--no-such-option'.*\n$/),
    });
  });
});
