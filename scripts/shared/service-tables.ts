import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Assembly, readAssembly } from '../local/assembly.ts';
import { startEmulator } from '../local/emulator.ts';
import { CREDENTIALS } from '../local/service.ts';
import { makeWorkDirectory, synthesize } from '../local/synthesis.ts';
import { createTable } from '../local/tables.ts';
import { REGION } from '../local/template-values.ts';

/** A directory of this process's own, removed when the work is done. */
export async function withWorkDirectory<Result>(
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = makeWorkDirectory();
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The synthesized app: the one ASSEMBLY names, as for `npm start`, or else one made here. */
export async function synthesizedIn(directory: string): Promise<Assembly> {
  const named = process.env['ASSEMBLY'];
  const outdir = named ?? join(directory, 'cdk.out');
  if (named === undefined) await synthesize(outdir);
  return readAssembly(outdir, 'http://127.0.0.1');
}

/** The variables the templates give the functions, but without signatures, traces, metrics and logs. */
const environmentOf = ({ functions }: Assembly, endpoint: string): Record<string, string> => ({
  ...Object.assign({}, ...functions.map(({ environment }) => environment)),
  AUTH_MODE: 'none',
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  POWERTOOLS_TRACE_ENABLED: 'false',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
});

export interface ServiceTables {
  /** A directory for files, removed at the end. */
  readonly directory: string;
  /** Creates all tables once more, with a suffix to their names. */
  createMore(suffix: string): Promise<void>;
}

/**
 * Runs something on DynamoDB Local with the service's tables. This process's environment is then that of a function,
 * whole, as the templates say: a handler reads it when its module is loaded, so `work` imports handlers itself.
 */
export function withServiceTables<Result>(work: (tables: ServiceTables) => Promise<Result>): Promise<Result> {
  return withWorkDirectory(async (directory) => {
    const emulator = await startEmulator();
    try {
      const assembly = await synthesizedIn(directory);
      Object.assign(process.env, environmentOf(assembly, emulator.endpoint));
      const client = new DynamoDBClient({});
      const createMore = async (suffix: string): Promise<void> => {
        for (const { name, resource } of assembly.tables) {
          // Without its ttl: the emulator collects by the wall clock, and some of these times are others.
          const { TimeToLiveSpecification: _, ...properties } = resource.properties;
          await createTable(client, name + suffix, { ...resource, properties });
        }
      };
      try {
        await createMore('');
        return await work({ directory, createMore });
      } finally {
        client.destroy();
      }
    } finally {
      await emulator.stop();
    }
  });
}
