/** `npm run openapi` writes docs/openapi.json from the contracts; with `--check` it fails when the file is not current. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const text = `${JSON.stringify(openApiDocument(routesByFunction, version), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
} else if (currentFile() !== text) {
  process.stderr.write('docs/openapi.json is not what the contracts say: run `npm run openapi`\n');
  process.exitCode = 1;
}
