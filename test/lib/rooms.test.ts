import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { rooms } from '../../lambdas/rooms.ts';
import { roomZones } from '../../scripts/lint/room-zones.ts';
import { findCircle, importGraph } from '../support/import-graph.ts';
import { specimen } from '../support/specimens.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- templates are asserted on, field by field
type Json = any;

/** What the linter says of a file with this text, as if it stood there. */
const lint = (file: string, text: string): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['node_modules/eslint/bin/eslint.js', '--format', 'json', '--stdin', '--stdin-filename', file],
      { env: { PATH: process.env['PATH'] } },
      (error, stdout, stderr) => {
        if (error && error.code !== 1) return reject(new Error(stderr));
        const [result] = JSON.parse(stdout) as [{ messages: { message: string }[] }];
        resolve(result.messages.map(({ message }) => message));
      },
    );
    child.stdin!.end(text);
  });

describe('the rooms', () => {
  it('are the folders of lambdas/', () => {
    const folders = readdirSync('lambdas', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(Object.keys(rooms).sort()).toEqual(folders.sort());
  });

  it('import only from their left: a planted import is refused, types too', async () => {
    const planted =
      "import type { Pattern } from '../patterns/pattern.ts';\nexport type Planted = Pattern;\n";
    expect(await lint('lambdas/decisions/planted.ts', planted)).toEqual([
      expect.stringContaining('decisions/ imports only from rooms to its left'),
    ]);
    expect(await lint('lambdas/memories/planted.ts', planted)).toEqual([]);
    expect(await lint('lambdas/decisions/planted.lambda.ts', planted)).toEqual([]);
  });

  it('keep mining pure: it imports no room, not even shared', async () => {
    const planted = "export { DAY_MS } from '../shared/platform/clock.ts';\n";
    expect(await lint('lambdas/mining/planted.ts', planted)).toEqual([
      expect.stringContaining('mining/ imports only from rooms to its left'),
    ]);
  });

  it.each(['lambdas', 'lib', 'scripts'])('have no circle of files in %s, types included', (folder) => {
    expect(findCircle(importGraph(folder))).toBeUndefined();
  });

  it('find a circle where there is one', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCircle(graph)).toEqual(['b', 'c', 'b']);
  });

  it.each(
    readdirSync('lambdas', { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()),
  )('have at most 30 files in a folder: $parentPath/$name', ({ parentPath, name }) => {
    const files = readdirSync(`${parentPath}/${name}`, { withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeLessThanOrEqual(30);
  });
});

describe('a toy room, which is a folder and a line', () => {
  let toy: { resources: Json[]; bundledFiles: string[]; openApi: Json };
  beforeAll(async () => {
    toy = await specimen('toy-room');
  });
  const ofType = (type: string): Json[] => toy.resources.filter(({ Type }) => Type === type);
  const theFunction = () =>
    ofType('AWS::Lambda::Function').find(({ Properties }) => Properties.Description.endsWith(': toy'));

  it('has its function, with memory, settings, tables and archive in its environment', () => {
    const { MemorySize, Environment } = theFunction().Properties;
    expect(MemorySize).toBe(1024);
    expect(Object.keys(Environment.Variables)).toEqual(
      expect.arrayContaining(['AUTH_MODE', 'STATE_TABLE', 'FEATURE_WINDOWS', 'ARCHIVE_BUCKET']),
    );
    expect(Object.keys(Environment.Variables)).not.toContain('MEMORY_TABLE');
  });

  it('may do what it says and nothing more', () => {
    const policy = ofType('AWS::IAM::Policy').find(({ id }) => id.startsWith('ToyRole'));
    const actions = policy.Properties.PolicyDocument.Statement.flatMap(({ Action }: Json) => Action);
    expect(actions.filter((action: string) => action.startsWith('dynamodb:'))).toEqual(['dynamodb:GetItem']);
    expect(actions).toContain('s3:GetObject');
    expect(actions).not.toContain('s3:PutObject');
  });

  it('is bundled, with what it imports late', () => {
    expect(toy.bundledFiles).toEqual(['index.mjs', 'late.mjs']);
  });

  it('has its route, in the API and in its description', () => {
    const routes = ofType('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties.RouteKey);
    expect(routes).toContain('GET /agents/{agentId}/toy');
    expect(toy.openApi.paths['/agents/{agentId}/toy'].get.tags).toEqual(['toy']);
  });

  it('has its alarm', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties.AlarmDescription);
    expect(alarms).toContain('The toy is broken. Look in its log.');
  });

  it('hands its expired rows to the archiver', () => {
    const patterns = ofType('AWS::Lambda::EventSourceMapping')
      .flatMap(({ Properties }) => Properties.FilterCriteria?.Filters ?? [])
      .map(({ Pattern }: Json) => String(Pattern));
    expect(
      patterns.filter((pattern) => pattern.includes('"toy:"') && pattern.includes('REMOVE')),
    ).toHaveLength(1);
  });

  it('has its import rules', () => {
    const zones = roomZones([...Object.keys(rooms), 'toy']);
    expect(zones.filter(({ target }) => target.startsWith('./lambdas/toy'))).toHaveLength(2);
    const decisions = zones.find(({ target }) => target.startsWith('./lambdas/decisions/**'))!;
    expect(decisions.from).toContain('./lambdas/toy/**/*');
  });
});
