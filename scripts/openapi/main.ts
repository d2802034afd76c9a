/**
 * `npm run openapi` writes docs/openapi.json and docs/openapi.gateway.json from the contracts; with `--check` it fails
 * when one is not current.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ID_PATTERN } from '../../lambdas/shared/schema/fields.ts';
import { runCommand } from '../shared/command.ts';
import { asText, flag, optional, readArguments, withDefault } from '../shared/options.ts';
import { openApiDocument } from './document.ts';
import { exampleTarget, gatewayDocument } from './gateway.ts';
import { routesByFunction } from './routes.ts';

const root = join(import.meta.dirname, '..', '..');

function currentFile(file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return undefined;
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function isCurrent(file: string, text: string): boolean {
  const current = currentFile(file) === text;
  if (current) process.stdout.write(`${file} is what the contracts say\n`);
  else process.stderr.write(`${file} is not what the contracts say: run \`npm run openapi\`\n`);
  return current;
}

function asAgentId(given: string): string {
  if (!ID_PATTERN.test(given)) throw new Error('must be a valid agent id');
  return given;
}

function asServer(given: string): string {
  if (!/^https:\/\/[^/{}]+$/.test(given)) throw new Error('must be an https address without a path');
  return given;
}

async function generate(args: readonly string[]): Promise<boolean> {
  const { check, gateway, agent, server } = readArguments(
    {
      command: 'npm run openapi',
      about: 'Writes docs/openapi.json and docs/openapi.gateway.json from the contracts of the routes.',
      options: {
        check: flag('write nothing, and fail when a file is not current'),
        gateway: optional('FILE', 'write only the document for AgentCore Gateway, there', asText),
        agent: withDefault('ID', 'with --gateway, the agent it speaks for', exampleTarget.agentId, asAgentId),
        server: withDefault('URL', 'with --gateway, the deployed API', exampleTarget.server, asServer),
      },
    },
    args,
  );
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const document = openApiDocument(routesByFunction, version);
  const textOf = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  if (gateway !== undefined) {
    write(gateway, textOf(gatewayDocument(document, { agentId: agent, server })));
    process.stdout.write(`${gateway} is written\n`);
    return true;
  }
  const texts = {
    'docs/openapi.json': textOf(document),
    'docs/openapi.gateway.json': textOf(gatewayDocument(document, exampleTarget)),
  };
  if (check)
    return Object.entries(texts)
      .map(([file, text]) => isCurrent(file, text))
      .every(Boolean);
  for (const [file, text] of Object.entries(texts)) {
    write(join(root, file), text);
    process.stdout.write(`${file} is written\n`);
  }
  return true;
}

runCommand(generate);
