import { join } from 'node:path';

export const TABLES_FILE = 'tables.json';
/** Holds one cloud assembly per stage. */
export const ASSEMBLIES = 'cdk.out';

/** Where this test run keeps what it made: the synthesized tables, the recordings. */
export const workDirectory = (): string => {
  const directory = process.env['TEST_WORK_DIRECTORY'];
  if (!directory) throw new Error('run the tests with `npm test`: it starts DynamoDB Local first');
  return directory;
};

export const recordingsDirectory = (): string => join(workDirectory(), 'recordings');
