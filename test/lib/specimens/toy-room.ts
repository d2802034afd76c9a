import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { functionsOf, rooms } from '../../../lambdas/rooms.ts';
import { createApp } from '../../../lib/app.ts';
import { stages } from '../../../lib/config.ts';
import { bundleOf } from '../../../lib/constructs/bundle.ts';
import { openApiDocument } from '../../../scripts/openapi/document.ts';
import { routesOf } from '../../../scripts/openapi/routes.ts';

// The one line beside the folder.
const withToy = { ...rooms, toy: (await import('./toy/functions.ts')).room };

/** The files of its bundle. */
function bundledFiles(): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'toy-'));
  const app = new App({ outdir, analyticsReporting: false });
  const { toy } = functionsOf({ toy: withToy.toy });
  new Function(new Stack(app, 'bundles'), 'toy', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: bundleOf('toy', { toy: toy! }),
  });
  app.synth();
  const asset = readdirSync(outdir).find((name) => name.startsWith('asset.'))!;
  const files = readdirSync(join(outdir, asset)).sort();
  rmSync(outdir, { recursive: true });
  return files;
}

const { stacks } = createApp(stages.dev, { context: { 'aws:cdk:bundling-stacks': [] } }, withToy).synth();

writeFileSync(
  process.argv[2]!,
  JSON.stringify({
    resources: stacks.flatMap(({ template }) =>
      Object.entries(template.Resources as Record<string, object>).map(([id, resource]) => ({
        id,
        ...resource,
      })),
    ),
    bundledFiles: bundledFiles(),
    openApi: openApiDocument(routesOf(withToy), '1'),
  }),
);
