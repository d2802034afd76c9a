import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository: bundles below it still find what they leave out in its node_modules. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const PREFIX = 'local-';

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

let made = 0;

/** A directory of this process's own under `.cache`; those of processes that were killed are cleared away. */
export function makeWorkDirectory(): string {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = Number(/^local-(\d+)-/.exec(name)?.[1]);
    if (pid && !exists(pid)) rmSync(join(cache, name), { recursive: true, force: true });
  }
  const directory = join(cache, `${PREFIX}${process.pid}-${++made}`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  return directory;
}

/**
 * Synthesizes the app into a directory, in a process of its own: bundling takes seconds and would stop everything
 * else here.
 *
 * @throws Error with what the synthesis printed
 */
export function synthesize(outdir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/local/synthesize.ts', outdir], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    let printed = '';
    child.stderr.on('data', (chunk) => (printed += String(chunk)));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('exit', kill);
      if (code === 0) resolve();
      else reject(new Error(`the app could not be synthesized (${code ?? signal}):\n${printed.trim()}`));
    });
  });
}
