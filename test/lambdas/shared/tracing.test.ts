import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..', '..');
const runtime = pathToFileURL(join(root, 'lambdas', 'shared', 'platform', 'runtime.ts')).href;

/** What a function's process has when it has made its runtime. */
const PROBE = `
  import { createRequire } from 'node:module';
  const { createRuntime } = await import(${JSON.stringify(runtime)});
  const { tracing } = createRuntime('probe');
  const modules = Object.keys(createRequire(import.meta.url).cache);
  const xray = modules.some((file) => file.includes('aws-xray-sdk-core'));
  console.log(JSON.stringify({ xray, middlewares: tracing.middlewares().length }));
`;

function probe(environment: Readonly<Record<string, string>>): unknown {
  const { POWERTOOLS_TRACE_ENABLED: _, ...inherited } = process.env;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', PROBE],
    { cwd: root, encoding: 'utf8', env: { ...inherited, AWS_REGION: 'us-east-1', ...environment } },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('tracing', () => {
  it('is there where a stage does not turn it off', () => {
    expect(probe({})).toEqual({ xray: true, middlewares: 1 });
  });

  it('costs nothing elsewhere: what follows every promise is not even loaded', () => {
    expect(probe({ POWERTOOLS_TRACE_ENABLED: 'false' })).toEqual({ xray: false, middlewares: 0 });
  });
});
