import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A small synthesized assembly, in the shape the CDK gives it: a table in one stack, which another reads (by an
 * output of its stack and by an export) with functions, routes, a queue with dead letters, a bus, a stream. It keeps tests of the local service off the app.
 */
const source = `
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const json = (statusCode, value) => ({ statusCode, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });
const publish = (type, detail) => new EventBridgeClient().send(new PutEventsCommand({
  Entries: [{ EventBusName: process.env.BUS, Source: 'fixture', DetailType: type, Detail: JSON.stringify(detail) }],
}));
let count = 0;

export const api = async (event, context) => {
  const TableName = process.env.TABLE;
  switch (event.routeKey) {
    case 'GET /echo/{id}':
    case 'POST /echo/{id}': return json(200, { event, environment: process.env, functionName: context.functionName });
    case 'GET /count': return json(200, { count: ++count });
    case 'GET /big': return json(200, 'x'.repeat(7 * 1024 * 1024));
    case 'GET /plain': return { greeting: 'hello' };
    case 'GET /throws': throw new TypeError('on purpose');
    case 'GET /exits': process.exit(3);
    case 'GET /hangs': return new Promise(() => undefined);
    case 'PUT /notes/{id}':
      await new DynamoDBClient().send(new PutItemCommand({ TableName, Item: { PK: { S: event.pathParameters.id }, text: { S: event.body } } }));
      return json(200, {});
    case 'GET /notes/{id}': {
      const { Item } = await new DynamoDBClient().send(new GetItemCommand({ TableName, Key: { PK: { S: event.pathParameters.id } } }));
      return Item ? json(200, { text: Item.text.S }) : json(404, {});
    }
    case 'POST /work': {
      const { messages } = JSON.parse(event.body);
      const Entries = messages.map(({ group, text }, i) => ({ Id: String(i), MessageBody: JSON.stringify({ group, text }), MessageGroupId: group, MessageDeduplicationId: group + text }));
      const sqs = new SQSClient();
      const { MD5OfMessageBody } = await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, ...Entries[0] }));
      const batch = await sqs.send(new SendMessageBatchCommand({ QueueUrl: process.env.QUEUE_URL, Entries }));
      return json(202, { md5: MD5OfMessageBody, successful: batch.Successful.length });
    }
    case 'POST /later': {
      const lambda = new LambdaClient();
      const now = await lambda.send(new InvokeCommand({ FunctionName: process.env.LATER, Payload: JSON.stringify({ fail: true }) }));
      const later = await lambda.send(new InvokeCommand({ FunctionName: process.env.LATER, InvocationType: 'Event', Payload: event.body }));
      return json(202, { status: later.StatusCode, error: now.FunctionError, payload: JSON.parse(Buffer.from(now.Payload).toString()) });
    }
  }
};

export const later = async (event) => {
  if (event.fail) throw new RangeError('refused');
  await publish('Later', event);
};

export const relay = async (event) => {
  for (const record of event.Records) await publish('Relayed', { name: record.eventName, keys: record.dynamodb.Keys });
  return { batchItemFailures: [] };
};

export const worker = async (event) => {
  const failures = [];
  for (const record of event.Records) {
    const { group, text } = JSON.parse(record.body);
    await publish('Worked', { group, text, receives: record.attributes.ApproximateReceiveCount });
    if (text === 'poison') failures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures: failures };
};
`;

const routes = [
  'GET /echo/{id}',
  'POST /echo/{id}',
  'GET /count',
  'GET /big',
  'GET /plain',
  'GET /throws',
  'GET /exits',
  'GET /hangs',
  'PUT /notes/{id}',
  'GET /notes/{id}',
  'POST /work',
  'POST /later',
];

const HASH = 'f00d';

const lambda = (name: string, variables: Record<string, unknown> = {}, properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: {
      S3Bucket: { 'Fn::Sub': 'cdk-${AWS::AccountId}-${AWS::Region}' },
      S3Key: `${HASH}.zip`,
    },
    Handler: `index.${name}`,
    Runtime: 'nodejs24.x',
    Timeout: 10,
    Environment: { Variables: variables },
    ...properties,
  },
});

const getArn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

const storage = {
  Resources: {
    Notes: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        KeySchema: [{ AttributeName: 'PK', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'PK', AttributeType: 'S' }],
        StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      },
    },
  },
  Outputs: {
    TableName: { Value: { Ref: 'Notes' } },
    Stream: { Value: { 'Fn::GetAtt': ['Notes', 'StreamArn'] }, Export: { Name: 'storage:NotesStream' } },
  },
};

const service = {
  Parameters: { BootstrapVersion: { Type: 'String', Default: '/cdk-bootstrap/version' } },
  Resources: {
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'fixture-bus' } },
    Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
    Forgotten: { Type: 'AWS::SQS::Queue', Properties: {} },
    Work: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        FifoQueue: true,
        VisibilityTimeout: 60,
        RedrivePolicy: { deadLetterTargetArn: getArn('Dead'), maxReceiveCount: 2 },
      },
    },
    Api: lambda(
      'api',
      {
        TABLE: {
          'Fn::GetStackOutput': {
            StackName: 'storage',
            Region: { Ref: 'AWS::Region' },
            OutputName: 'TableName',
          },
        },
        QUEUE_URL: { Ref: 'Work' },
        BUS: { Ref: 'Bus' },
        LATER: { Ref: 'Later' },
        JOINED: { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] },
        AUTH_MODE: 'iam',
      },
      { ReservedConcurrentExecutions: 1, Timeout: 4 },
    ),
    Later: lambda('later', { BUS: { Ref: 'Bus' } }),
    LaterConfig: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Later' },
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: getArn('Forgotten') } },
      },
    },
    Relay: lambda('relay', { BUS: { Ref: 'Bus' } }),
    Worker: lambda('worker', { BUS: { Ref: 'Bus' } }),
    RelaySource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: { 'Fn::ImportValue': 'storage:NotesStream' },
        FunctionName: { Ref: 'Relay' },
        StartingPosition: 'TRIM_HORIZON',
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
      },
    },
    WorkSource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: getArn('Work'),
        FunctionName: getArn('Worker'),
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      },
    },
    Nightly: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        ScheduleExpression: 'cron(0 2 * * ? *)',
        ScheduleExpressionTimezone: 'Europe/Berlin',
        Target: { Arn: getArn('Later'), Input: '{"at":"<aws.scheduler.scheduled-time>"}' },
      },
    },
    ...Object.fromEntries(
      routes.flatMap((routeKey, i) => [
        [
          `Integration${i}`,
          { Type: 'AWS::ApiGatewayV2::Integration', Properties: { IntegrationUri: getArn('Api') } },
        ],
        [
          `Route${i}`,
          {
            Type: 'AWS::ApiGatewayV2::Route',
            Properties: {
              RouteKey: routeKey,
              Target: { 'Fn::Join': ['', ['integrations/', { Ref: `Integration${i}` }]] },
            },
          },
        ],
      ]),
    ),
  },
};

/** Writes the fixture below a directory from which the repository's node_modules are found. */
export function writeFixtureAssembly(directory: string): string {
  const asset = join(directory, `asset.${HASH}`);
  mkdirSync(asset, { recursive: true });
  writeFileSync(join(asset, 'index.mjs'), source);
  writeFileSync(join(directory, 'storage.template.json'), JSON.stringify(storage));
  writeFileSync(join(directory, 'service.template.json'), JSON.stringify(service));
  writeFileSync(
    join(directory, 'service.assets.json'),
    JSON.stringify({
      files: {
        [HASH]: {
          source: { path: `asset.${HASH}`, packaging: 'zip' },
          destinations: { current: { bucketName: 'b', objectKey: `${HASH}.zip` } },
        },
      },
    }),
  );
  return directory;
}
