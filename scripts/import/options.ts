import { parseArgs } from 'node:util';

export interface ImportOptions {
  readonly file: string;
  readonly map: string;
  /** Where the decisions go: over HTTP, to tables named by the environment, or to those of the running local service. */
  readonly to:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'tables' }
    | { readonly kind: 'local'; readonly dataDirectory: string };
}

/** The message is what the user is shown. */
export class UsageError extends Error {}

export const USAGE =
  'npm run import -- --file FILE.jsonl|FILE.csv --map MAPPING.json [--url URL | --direct]\n' +
  '  --file    JSON Lines, or CSV with a line of column names\n' +
  '  --map     how a row becomes a decision; see scripts/import/mappings/\n' +
  '  --url     over the batch routes of a local service, unsigned: http://127.0.0.1:3000\n' +
  '  --direct  into the tables named by DECISIONS_TABLE and STATE_TABLE, with the credentials of the environment\n' +
  '  Without either: into the tables of the service that runs on this machine with DATA_DIR (.local)';

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        file: { type: 'string' },
        map: { type: 'string' },
        url: { type: 'string' },
        direct: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

/** @throws UsageError */
export function readOptions(args: readonly string[], dataDirectory = '.local'): ImportOptions {
  const { file, map, url, direct, help } = parse(args);
  if (help) throw new UsageError(USAGE);
  if (file === undefined || map === undefined)
    throw new UsageError(`--${file === undefined ? 'file' : 'map'} is missing\n${USAGE}`);
  if (url !== undefined && direct) throw new UsageError(`--url or --direct, not both\n${USAGE}`);
  if (url !== undefined && !/^https?:\/\/[^/]+$/.test(url.replace(/\/$/, '')))
    throw new UsageError(`--url must be like http://127.0.0.1:3000\n${USAGE}`);
  const to: ImportOptions['to'] =
    url !== undefined
      ? { kind: 'url', url: url.replace(/\/$/, '') }
      : direct
        ? { kind: 'tables' }
        : { kind: 'local', dataDirectory };
  return { file, map, to };
}
