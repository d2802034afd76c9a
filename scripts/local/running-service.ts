import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrerequisiteError } from './emulator.ts';

/** Where a running service is reached: the emulator's port is another at each start. */
export interface RunningService {
  readonly url: string;
  /** Of DynamoDB Local. */
  readonly endpoint: string;
}

const fileIn = (dataDirectory: string): string => join(dataDirectory, 'running.json');

/** Leaves word in the data directory. @returns takes it back */
export function announce(dataDirectory: string, service: RunningService): () => void {
  writeFileSync(fileIn(dataDirectory), JSON.stringify(service));
  return () => rmSync(fileIn(dataDirectory), { force: true });
}

/** @throws PrerequisiteError when no service runs with this data directory */
export function readRunningService(dataDirectory: string): RunningService {
  try {
    return JSON.parse(readFileSync(fileIn(dataDirectory), 'utf8')) as RunningService;
  } catch {
    throw new PrerequisiteError(
      `no service runs with the data directory ${dataDirectory}: start it (npm start), or name its URL or DATA_DIR`,
    );
  }
}
