import { asText, flag, optional, readArguments, readUrl, required, UsageError } from '../shared/options.ts';

export interface ImportOptions {
  readonly file: string;
  readonly map: string;
  /** Where the decisions go: over HTTP, to tables named by the environment, or to those of the running local service. */
  readonly to:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'tables' }
    | { readonly kind: 'local'; readonly dataDirectory: string };
}

const usage = {
  command: 'npm run import',
  about: 'Brings history in: JSON Lines or CSV, by a mapping that says how a row becomes a decision.',
  options: {
    file: required('FILE', 'JSON Lines, or CSV with a line of column names', asText),
    map: required('MAPPING.json', 'how a row becomes a decision; see scripts/import/mappings/', asText),
    url: optional(
      'URL',
      'over the batch routes of a local service, unsigned: http://127.0.0.1:3000',
      readUrl,
    ),
    direct: flag('into the tables named by DECISIONS_TABLE and STATE_TABLE, with the credentials there are'),
  },
  notes: [
    'Without --url and --direct: into the tables of the service that runs on this machine with DATA_DIR (.local).',
  ],
};

/** @throws UsageError */
export function readOptions(args: readonly string[], dataDirectory = '.local'): ImportOptions {
  const { file, map, url, direct } = readArguments(usage, args);
  if (url !== undefined && direct) throw new UsageError('npm run import: --url or --direct, not both');
  if (url !== undefined) return { file, map, to: { kind: 'url', url } };
  return { file, map, to: direct ? { kind: 'tables' } : { kind: 'local', dataDirectory } };
}
