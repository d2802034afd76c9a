/** `npm run openapi` writes docs/openapi.json from the contracts; with `--check` it fails when the file is not current. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../shared/command.ts';
import { flag, readArguments } from '../shared/options.ts';
import { openApiDocument } from './document.ts';
import { routesByFunction } from './routes.ts';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'docs', 'openapi.json');

function currentFile(): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function generate(args: readonly string[]): Promise<boolean> {
  const { check } = readArguments(
    {
      command: 'npm run openapi',
      about: 'Writes docs/openapi.json from the contracts of the routes.',
      options: { check: flag('write nothing, and fail when the file is not current') },
    },
    args,
  );
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const text = `${JSON.stringify(openApiDocument(routesByFunction, version), null, 2)}\n`;
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write('docs/openapi.json is written\n');
    return true;
  }
  const isCurrent = currentFile() === text;
  if (isCurrent) process.stdout.write('docs/openapi.json is what the contracts say\n');
  else process.stderr.write('docs/openapi.json is not what the contracts say: run `npm run openapi`\n');
  return isCurrent;
}

runCommand(generate);
