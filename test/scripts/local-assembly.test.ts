import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { Cron } from 'croner';
import { readAssembly } from '../../scripts/local/assembly.ts';
import { createFilter } from '../../scripts/local/event-filter.ts';
import { createRouter } from '../../scripts/local/http-routes.ts';
import { inputAt, rateMs, startSchedule, toCronPattern } from '../../scripts/local/schedules.ts';
import { workDirectory } from '../support/paths.ts';
import { writeFixtureAssembly } from './fixture-assembly.ts';

describe('reading a synthesized assembly', () => {
  it('finds what the templates deploy, over the borders of stacks', () => {
    const directory = writeFixtureAssembly(join(workDirectory(), 'fixture-read'));
    const assembly = readAssembly(directory, 'http://127.0.0.1:1');
    expect(assembly.tables.map(({ name }) => name)).toEqual(['Notes']);
    expect(assembly.functions.map(({ name }) => name)).toEqual(['Api', 'Later', 'Relay', 'Worker']);
    expect(assembly.functions[0]).toMatchObject({
      directory: join(directory, 'asset.f00d'),
      handler: 'index.api',
      timeoutSeconds: 4,
      environment: { TABLE: 'Notes', QUEUE_URL: 'http://127.0.0.1:1/000000000000/Work.fifo' },
    });
    expect(assembly.functions[1]).toMatchObject({
      asyncRetries: 0,
      onFailure: 'arn:aws:sqs:us-east-1:000000000000:Forgotten',
    });
    expect(assembly.queues.find(({ name }) => name === 'Work.fifo')?.redrive).toEqual({
      deadLetterArn: 'arn:aws:sqs:us-east-1:000000000000:Dead.fifo',
      maxReceiveCount: 2,
    });
    expect(assembly.mappings).toMatchObject([
      { id: 'RelaySource', sourceArn: assembly.tables[0]!.streamArn, partialFailures: true },
      { id: 'WorkSource', batchSize: 10 },
    ]);
    expect(assembly.schedules).toMatchObject([{ timezone: 'Europe/Berlin' }]);
    expect(assembly.routes.map(({ routeKey }) => routeKey)).toContain('PUT /notes/{id}');
  });

  it('stops at what it does not understand', () => {
    const directory = join(workDirectory(), 'fixture-unknown');
    mkdirSync(directory, { recursive: true });
    const template = (value: unknown) =>
      writeFileSync(
        join(directory, 's.template.json'),
        JSON.stringify({
          Resources: { Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: value } } },
        }),
      );
    template({ 'Fn::Transform': {} });
    expect(() => readAssembly(directory, 'u')).toThrow('Fn::Transform is not understood');
    template({ 'Fn::ImportValue': 'gone' });
    expect(() => readAssembly(directory, 'u')).toThrow("no stack exports 'gone'");
    template({ 'Fn::GetStackOutput': { StackName: 's', OutputName: 'Gone' } });
    expect(() => readAssembly(directory, 'u')).toThrow("stack 's' has no output 'Gone'");
    template({ 'Fn::GetStackOutput': { StackName: 'gone', OutputName: 'Name' } });
    expect(() => readAssembly(directory, 'u')).toThrow("stack 'gone' has no output 'Name'");
    template({ Ref: 'Missing' });
    expect(() => readAssembly(directory, 'u')).toThrow("there is no resource 'Missing'");
  });
});

describe('routing', () => {
  const functionArn = 'f';
  const route = createRouter(
    ['GET /a/{id}', 'GET /a/fixed', 'ANY /a/{id}/x', 'POST /a/{id}/x'].map((routeKey) => ({
      routeKey,
      functionArn,
    })),
  );

  it('prefers fixed segments to parameters, and a named method to any', () => {
    expect(route('GET', '/a/fixed')?.routeKey).toBe('GET /a/fixed');
    expect(route('GET', '/a/other')).toMatchObject({
      routeKey: 'GET /a/{id}',
      pathParameters: { id: 'other' },
    });
    expect(route('POST', '/a/1/x')?.routeKey).toBe('POST /a/{id}/x');
    expect(route('PUT', '/a/1/x')?.routeKey).toBe('ANY /a/{id}/x');
    expect(route('PUT', '/a/1')).toBeUndefined();
  });

  it('gives what no route takes to the default route, without parameters', () => {
    const withDefault = createRouter(
      ['$default', 'GET /a/{id}'].map((routeKey) => ({ routeKey, functionArn })),
    );
    expect(withDefault('GET', '/a/1')?.routeKey).toBe('GET /a/{id}');
    for (const [method, path] of [
      ['PUT', '/a/1'],
      ['GET', '/a/1/'],
      ['GET', '/nope'],
    ] as const)
      expect(withDefault(method, path)).toEqual({ routeKey: '$default', functionArn, pathParameters: {} });
  });

  it('refuses to serve a route it would match wrongly', () => {
    expect(() => createRouter([{ routeKey: 'GET /{proxy+}', functionArn }])).toThrow('is not served');
  });
});

describe('schedules', () => {
  it.each([
    ['cron(0 2 * * ? *)', '0 0 2 * * * *'],
    ['cron(15 10 ? * 2-6 2027)', '0 15 10 * * 1-5 2027'],
    ['cron(0 8 ? * SUN,7 *)', '0 0 8 * * SUN,6 *'],
    ['cron(0 8 ? * 6#3 *)', '0 0 8 * * 5#3 *'],
    ['cron(0/15 * 1 * ? *)', '0 0/15 * 1 * * *'],
    ['cron(0 8 L * ? *)', '0 0 8 L * * *'],
    ['at(2027-01-02T03:04:05)', '2027-01-02T03:04:05'],
  ])('reads %s as %s, which croner takes', (expression, pattern) => {
    expect(toCronPattern(expression)).toBe(pattern);
    const cron = new Cron(pattern, { paused: true, sloppyRanges: true });
    expect(cron.nextRun(new Date('2026-12-01T00:00:00Z'))).toBeInstanceOf(Date);
    cron.stop();
  });

  it('fires at the wall clock of its time zone, also over a change to summer time', () => {
    const cron = new Cron(toCronPattern('cron(0 2 * * ? *)'), { paused: true, timezone: 'America/New_York' });
    const runs = cron.nextRuns(2, new Date('2027-07-01T12:00:00Z')).map((run) => run.toISOString());
    expect(runs).toEqual(['2027-07-02T06:00:00.000Z', '2027-07-03T06:00:00.000Z']);
    expect(cron.nextRun(new Date('2027-01-01T12:00:00Z'))?.toISOString()).toBe('2027-01-02T07:00:00.000Z');
    cron.stop();
  });

  it('knows rates, and stops at an expression it does not know', () => {
    expect(rateMs('rate(5 minutes)')).toBe(300_000);
    expect(rateMs('rate(1 day)')).toBe(86_400_000);
    expect(rateMs('cron(0 2 * * ? *)')).toBeUndefined();
    expect(() => toCronPattern('cron(0 2 * *)')).toThrow('is not understood');
  });

  it('fills the scheduled time into the input, and fires', async () => {
    expect(inputAt('{"t":"<aws.scheduler.scheduled-time>"}', new Date('2027-01-02T03:04:05.678Z'))).toEqual({
      t: '2027-01-02T03:04:05Z',
    });
    const fire = jest.fn();
    const soon = new Date(Date.now() + 2_000).toISOString().slice(0, 19);
    const schedule = startSchedule(
      { id: 's', expression: `at(${soon})`, timezone: 'UTC', targetArn: 'planner', input: '{"n":1}' },
      fire,
    );
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    schedule.stop();
    expect(fire.mock.calls).toEqual([['planner', { n: 1 }]]);
  });
});

describe('event source filters', () => {
  const insert = { eventName: 'INSERT', dynamodb: { Keys: { PK: { S: 'signal#A' } } } };

  it.each([
    ['{"eventName":["INSERT","MODIFY"]}', true],
    ['{"eventName":["REMOVE"]}', false],
    ['{"dynamodb":{"Keys":{"PK":{"S":[{"prefix":"signal#"}]}}}}', true],
    ['{"dynamodb":{"Keys":{"PK":{"S":[{"prefix":"seen:"}]}}}}', false],
    ['{"userIdentity":{"type":[{"exists":false}]}}', true],
    ['{"eventName":[{"anything-but":["REMOVE"]}]}', true],
  ])('%s passes an insert: %s', (pattern, passes) => {
    expect(createFilter([pattern])(insert)).toBe(passes);
  });

  it('passes everything without a filter, and with several what any passes', () => {
    expect(createFilter([])(insert)).toBe(true);
    expect(createFilter(['{"eventName":["REMOVE"]}', '{"eventName":["INSERT"]}'])(insert)).toBe(true);
  });
});
