import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrerequisiteError } from './emulator.ts';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * State and start time of a process by the kernel's own count, where the kernel tells them.
 * Process ids come back, most of all in containers, where each start has the same few.
 */
function statOf(pid: number): { readonly state: string; readonly start: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return { state: '', start: '' };
  }
}

const identityOf = (pid: number): string => `${pid} ${statOf(pid).start}`;

/** Zombie or dead: the process has ended and waits for its parent to take notice, which some never do. */
const ENDED = /^[ZXx]$/;

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and is another user's
    if (codeOf(error) !== 'EPERM') return false;
  }
  return !ENDED.test(statOf(pid).state) && identityOf(pid) === holder;
}

/** Where a service keeps its data, held by one process at a time. */
export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/**
 * Takes a data directory for this process. The lock of a process that is gone is taken over.
 *
 * @throws PrerequisiteError when another process has it, or it cannot be written
 */
export function holdDataDirectory(path: string): DataDirectory {
  const lock = join(path, 'service.lock');
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new PrerequisiteError(`the data directory ${path} cannot be made (${codeOf(error)})`);
  }
  for (let attempt = 0; ; attempt++)
    try {
      writeFileSync(lock, identityOf(process.pid), { flag: 'wx' });
      return { path, release: () => rmSync(lock, { force: true }) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw new PrerequisiteError(`the data directory ${path} cannot be written (${codeOf(error)})`);
      const holder = readFileSync(lock, 'utf8');
      if (attempt > 0 || isAlive(holder))
        throw new PrerequisiteError(
          `the data directory ${path} is in use by process ${holder.split(' ')[0]}; stop it, or set DATA_DIR to another`,
        );
      rmSync(lock, { force: true });
    }
}
