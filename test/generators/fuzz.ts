/**
 * `npm run test:fuzz`: schemathesis makes requests from the OpenAPI document and sends them to the local service. It
 * fails on a 5xx, on an answer that the document does not describe, on an invalid request that is accepted, and on a
 * valid one that is refused for what no rule states. Takes minutes, so it is no part of the suite. Node is started with
 * room for long addresses, so that the service judges them and not its socket.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulesBeyondSchemas } from '../../scripts/openapi/beyond-schemas.ts';
import { PrerequisiteError } from '../../scripts/local/emulator.ts';
import { startService } from '../../scripts/local/service.ts';
import { messageOf, runCommand } from '../../scripts/shared/command.ts';
import { readArguments, withDefault } from '../../scripts/shared/options.ts';
import { findPython, generated, here, installPython, root, run } from './commands.ts';

function asCount(given: string): string {
  if (!/^[1-9]\d{0,5}$/.test(given)) throw new Error('must be a whole number');
  return given;
}

/** What a body lacks whose fields are there, but null. */
const OF_ABSENT_FIELDS = [
  /^changes nothing$/,
  /^is required with (a )?clientToken$/,
  /^say either agentId or userId$/,
];

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

/** `null` for an optional field means absent. The document says so in words, which schemathesis does not read. */
function withNulls(_key: string, value: unknown): unknown {
  const { properties, required = [] } = (value ?? {}) as Schema;
  if (!properties || typeof properties !== 'object') return value;
  const nullable = Object.entries(properties).map(([name, schema]) => [
    name,
    required.includes(name) ? schema : { anyOf: [schema, { type: 'null' }] },
  ]);
  return { ...(value as object), properties: Object.fromEntries(nullable) as unknown };
}

/** The document as the local service answers it: without signatures, and with the nulls that it takes for absent. */
function writeLocalDocument(): string {
  const { security: _signed, ...document } = JSON.parse(
    readFileSync(join(root, 'docs', 'openapi.json'), 'utf8'),
    withNulls,
  ) as Record<string, unknown>;
  const file = join(generated, 'openapi.local.json');
  mkdirSync(generated, { recursive: true });
  writeFileSync(file, JSON.stringify(document));
  return file;
}

async function main(args: readonly string[]): Promise<void> {
  const options = {
    examples: withDefault('N', 'random requests of an operation, beside those at the bounds', '40', asCount),
    seconds: withDefault('N', 'when to stop', '600', asCount),
    seed: withDefault('N', 'another seed, other requests', '1', asCount),
  };
  const about = 'Sends requests made from docs/openapi.json to the local service.';
  const { examples, seconds, seed } = readArguments({ command: 'npm run test:fuzz', about, options }, args);
  const python = await findPython();
  if (!python) throw new PrerequisiteError('python3 3.10 or later, with venv, is needed');
  const interpreter = await installPython(python, 'fuzz/requirements.txt', 'fuzz-environment');
  const service = await startService({ port: 0, quiet: true });
  try {
    const refusals = [...rulesBeyondSchemas.flatMap((rule) => rule.refusals), ...OF_ABSENT_FIELDS].map(
      ({ source }) => source,
    );
    const output = await run(
      interpreter,
      [
        ...['-m', 'schemathesis.cli', '--config-file', 'fuzz/schemathesis.toml', '--no-color'],
        ...['run', writeLocalDocument(), '--url', service.url, '--phases', 'examples,coverage,fuzzing'],
        ...['--max-examples', examples, '--max-time', seconds, '--seed', seed, '--workers', '1'],
        ...['--continue-on-failure', '--no-shrink', '--warnings', 'off', '--suppress-health-check', 'all'],
      ],
      { SCHEMATHESIS_HOOKS: 'fuzz.hooks', PYTHONPATH: here, STATED_REFUSALS: JSON.stringify(refusals) },
    );
    process.stdout.write(output.slice(output.indexOf('= SUMMARY =')));
  } finally {
    await service.stop();
  }
}

runCommand(main, messageOf);
