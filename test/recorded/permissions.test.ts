import { describe, expect, it } from '@jest/globals';
import { type TableName } from '../../lambdas/shared/schema/tables.ts';
import { readRecordings } from '../support/recordings.ts';
import { Assembly } from '../support/templates.ts';

/** Resources as the recordings name them, by how their ARN begins in the template. */
const resourcePrefixes: Record<TableName | 'bus' | 'queue' | 'planner' | 'eraser' | 'archive', string> = {
  decisions: '{DecisionsTable',
  memory: '{MemoryTable',
  state: '{StateTable',
  signals: '{SignalsTable',
  bus: '{SignallingBus',
  queue: '{Work',
  planner: '{PlannerFunction',
  eraser: '{ErasingEraserFunction',
  archive: '{Archive',
};

/** The permission a command needs, where it is not the command's own name in DynamoDB. */
const otherActions: Readonly<Record<string, string>> = {
  PutEvents: 'events:PutEvents',
  SendMessage: 'sqs:SendMessage',
  SendMessageBatch: 'sqs:SendMessage',
  Invoke: 'lambda:InvokeFunction',
  PutObject: 's3:PutObject',
  GetObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  DeleteObjects: 's3:DeleteObject',
};

/**
 * What Lambda itself does with a function's role, on its behalf: no command of the function, so nothing to record.
 * Everything else that is allowed must have been seen.
 */
const doneByLambda = new Set([
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'dynamodb:DescribeStream',
  'dynamodb:GetRecords',
  'dynamodb:GetShardIterator',
  'dynamodb:ListStreams',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
]);

const assembly = new Assembly('prod');

/** `{StateTable….Arn}/index/registry` → `state/registry` */
function nameOf(arn: string): string {
  const entry = Object.entries(resourcePrefixes).find(([, prefix]) => arn.startsWith(prefix));
  if (!entry) return arn;
  const index = arn.split('/index/')[1];
  return index ? `${entry[0]}/${index}` : entry[0];
}

/** Where records go that a stream's consumer gave up on: Lambda lists the bucket and puts them there. */
const GIVEN_UP = '/aws/lambda/*';

function allowed(role: string): string[] {
  const statements = assembly
    .statements()
    .filter((statement) => statement.role === role && statement.effect === 'Allow');
  // Alone in its statement: the eraser, which takes things out from there, has it beside others.
  const putsAside = statements.some(
    ({ resources }) => resources.length === 1 && resources[0]!.endsWith(GIVEN_UP),
  );
  return statements.flatMap(({ actions, resources }) =>
    resources
      // Where the planner's failed invocations go: Lambda sends them.
      .filter((resource) => !resource.startsWith('{RunDeadLetters') && !resource.endsWith(GIVEN_UP))
      .flatMap((resource) =>
        actions
          .filter((action) => !doneByLambda.has(action) && !(putsAside && action === 's3:ListBucket'))
          .map((action) => `${action} on ${nameOf(resource)}`),
      ),
  );
}

const commands = readRecordings().filter((recording) => recording.kind === 'command');

const sent = (service: string): string[] =>
  commands
    .filter((command) => command.service === service)
    .map(
      ({ action, resource, index }) =>
        `${otherActions[action] ?? `dynamodb:${action}`} on ${index ? `${resource}/${index}` : resource}`,
    );

describe.each(assembly.functions().map(({ name, role }) => [name, role] as const))('%s', (name, role) => {
  it('may do everything it was seen to do', () => {
    const permitted = new Set(allowed(role));
    expect([...new Set(sent(name))].filter((action) => !permitted.has(action))).toEqual([]);
  });

  it('was seen to do everything it may do', () => {
    const seen = new Set(sent(name));
    expect([...new Set(allowed(role))].filter((action) => !seen.has(action))).toEqual([]);
  });
});

it('every recorded function exists', () => {
  const known = new Set(assembly.functions().map(({ name }) => name));
  const services = new Set(commands.map(({ service }) => service));
  expect(services.size).toBeGreaterThan(0);
  expect([...services].filter((service) => !known.has(service))).toEqual([]);
});
