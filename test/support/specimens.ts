import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workDirectory } from './paths.ts';

/**
 * What a script under test/lib/specimens/ synthesizes beside the two stages. In a process of its own, because jest
 * loads the CDK's thousands of modules ten times slower than node does.
 */
export async function specimen<T>(name: string): Promise<T> {
  const file = join(mkdtempSync(join(workDirectory(), 'specimen-')), 'result.json');
  const script = join(import.meta.dirname, '..', 'lib', 'specimens', `${name}.ts`);
  await promisify(execFile)(process.execPath, ['--import', 'tsx', script, file]);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
