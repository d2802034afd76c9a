import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { holdDataDirectory } from '../../scripts/local/data-directory.ts';
import { workDirectory } from '../support/paths.ts';

/** Holds the directory it is given until it is killed; says so on stdout. */
const HOLDER = `
  import { holdDataDirectory } from './scripts/local/data-directory.ts';
  holdDataDirectory(process.env.DIRECTORY);
  console.log(process.pid);
  setInterval(() => undefined, 1_000);
`;

const stateOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0]!;
};

describe('a data directory', () => {
  it('is held by one process at a time, and free once it is released', () => {
    const path = mkdtempSync(join(workDirectory(), 'held-'));
    const held = holdDataDirectory(path);
    expect(() => holdDataDirectory(path)).toThrow(`is in use by process ${process.pid}`);
    held.release();
    holdDataDirectory(path).release();
  });

  // Only the kernel's own files tell a zombie from a process that lives.
  (existsSync('/proc/self/stat') ? it : it.skip)(
    'can be taken when its holder was killed and its parent has not taken notice',
    async () => {
      const path = mkdtempSync(join(workDirectory(), 'held-'));
      // The shell becomes `sleep`, which never waits for the child it got: that stays a zombie for as long.
      const parent = spawn(
        'sh',
        [
          '-c',
          '"$0" --import tsx --input-type=module --eval "$HOLDER" & exec sleep 300 >/dev/null',
          process.execPath,
        ],
        {
          env: { ...process.env, HOLDER, DIRECTORY: path },
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true,
        },
      );
      try {
        const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
        const holder = Number((await lines.next()).value);
        expect(() => holdDataDirectory(path)).toThrow(`is in use by process ${holder}`);

        process.kill(holder, 'SIGKILL');
        while (stateOf(holder) !== 'Z') await sleep(20);
        holdDataDirectory(path).release();
        expect(stateOf(holder)).toBe('Z');
      } finally {
        process.kill(-parent.pid!, 'SIGKILL');
      }
    },
  );
});
