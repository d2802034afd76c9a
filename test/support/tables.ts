import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable, type TableResource } from '../../scripts/local/tables.ts';
import { type TableName, tables } from '../../lambdas/shared/schema/tables.ts';
import { TABLES_FILE, workDirectory } from './paths.ts';

/** Name of a table in this test file. */
export const tableName = (table: TableName): string => process.env[tables[table].environment]!;

/**
 * Creates this test file's tables from the synthesized template; call it in `beforeAll`.
 * @param streamed those whose stream is read; most tests hand records to their readers themselves, and the emulator's
 *   writes to a table with a stream take several times as long
 */
export async function createTables(...streamed: readonly TableName[]): Promise<void> {
  const resources = JSON.parse(readFileSync(join(workDirectory(), TABLES_FILE), 'utf8')) as TableResource[];
  const client = new DynamoDBClient({});
  const constructIds = { decisions: 'Decisions', memory: 'Memory', state: 'State', signals: 'Signals' };
  for (const [name, constructId] of Object.entries(constructIds)) {
    const resource = resources.find(({ logicalId }) => logicalId.startsWith(constructId));
    if (!resource) throw new Error(`no table ${constructId} in the template`);
    // Without its ttl: the emulator collects by the wall clock, and tests live at other times.
    const { TimeToLiveSpecification: _ttl, StreamSpecification, ...others } = resource.properties;
    const properties = streamed.includes(name as TableName) ? { ...others, StreamSpecification } : others;
    await createTable(client, tableName(name as TableName), { ...resource, properties });
  }
  client.destroy();
}
