import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const here = import.meta.dirname;
export const root = join(here, '..', '..');
/** What a run makes; ignored by git. */
export const generated = join(here, '.generated');

const quietly = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };

/** Runs a command in this folder. @throws Error with all that it printed */
export async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = {
    cwd: here,
    env: { ...process.env, ...quietly, ...environment },
    maxBuffer: 64 * 1024 * 1024,
  };
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error([message, stdout, stderr].filter(Boolean).join('\n'));
  }
}

/** The first Python on PATH that the tools run on; undefined when there is none. */
export async function findPython(): Promise<string | undefined> {
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'])
    try {
      await run(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))']);
      return name;
    } catch {
      continue;
    }
  return undefined;
}

/** An environment with what a file pins. @returns its interpreter */
export async function installPython(python: string, requirements: string, name: string): Promise<string> {
  const environment = join(generated, name);
  const interpreter = join(environment, 'bin', 'python');
  if (!existsSync(interpreter)) await run(python, ['-m', 'venv', environment]);
  const options = ['--quiet', '--disable-pip-version-check'];
  await run(interpreter, ['-m', 'pip', 'install', ...options, '-r', requirements]);
  return interpreter;
}
