/** `npm run import`: bulk history in, from JSON Lines or CSV, by a mapping. See `options.ts` for its arguments. */
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient, documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { readEnvironment, resourceName } from '../../lambdas/shared/platform/env.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { CREDENTIALS } from '../local/service.ts';
import { readRunningService } from '../local/running-service.ts';
import { REGION } from '../local/template-values.ts';
import { messageOf, runCommand } from '../shared/command.ts';
import { Progress } from '../shared/progress.ts';
import { Mapping, parseMapping } from './mapping.ts';
import { type ImportOptions, readOptions } from './options.ts';
import { type ImportCounts, runImport } from './run.ts';
import { openSource } from './source.ts';
import { HttpTarget, type ImportTarget, tableTarget } from './target.ts';

const BAR_WIDTH = 30;
const number = (value: number) => value.toLocaleString('en-US');

function targetOf(to: ImportOptions['to']): ImportTarget {
  if (to.kind === 'url') return new HttpTarget(to.url, new Date());
  if (to.kind === 'tables') {
    const names = readEnvironment({ DECISIONS_TABLE: resourceName, STATE_TABLE: resourceName });
    return tableTarget(createDocumentClient(), {
      decisions: names.DECISIONS_TABLE,
      state: names.STATE_TABLE,
    });
  }
  const { endpoint } = readRunningService(to.dataDirectory);
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const documents = DynamoDBDocumentClient.from(client, documentOptions);
  return tableTarget(documents, { decisions: tables.decisions.name, state: tables.state.name });
}

const summaryOf = ({ rows, added, present, skipped, rejected }: ImportCounts): string =>
  `${number(rows)} rows: ${number(added)} added, ${number(present)} there already, ` +
  `${number(skipped)} no decisions, ${number(rejected)} rejected`;

async function importFile(args: readonly string[]): Promise<void> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const options = readOptions(args, process.env['DATA_DIR'] || '.local');
  const mapping = new Mapping(parseMapping(readFileSync(options.map, 'utf8')), options.file);
  const target = targetOf(options.to);
  const source = openSource(options.file);
  const progress = new Progress();
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const counts = await runImport({
      rows: source.rows(),
      map: (row) => mapping.rowsOf(row),
      target,
      onRejection: ({ line, key, reason }) => {
        progress.clear();
        process.stderr.write(`line ${line}${key === undefined ? '' : ` (${key})`}: ${reason}\n`);
      },
      onProgress: (sofar) => {
        const share = source.bytes === 0 ? 1 : source.position() / source.bytes;
        const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '░');
        const rate = Math.round((sofar.added + sofar.present) / seconds());
        progress.show(`${bar} ${Math.round(share * 100)} %  ${summaryOf(sofar)}, ${number(rate)} a second`);
      },
    });
    progress.clear();
    process.stdout.write(`${summaryOf(counts)}, in ${seconds().toFixed(1)} s\n`);
  } catch (error) {
    progress.clear();
    throw new Error(
      `${(error as Error).message}\nNothing is lost: the same import again goes on where this one stopped.`,
    );
  }
}

runCommand(importFile, messageOf);
