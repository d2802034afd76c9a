import { describe, expect, it } from '@jest/globals';
import { routeKeyOf } from '../../lambdas/shared/http/contract.ts';
import { stages } from '../../lib/config.ts';
import { headKey, messageKey } from '../../lambdas/sessions/table.ts';
import { functionsOf, rooms } from '../../lambdas/rooms.ts';
import { createFilter } from '../../scripts/local/event-filter.ts';
import { allRoutes } from '../../scripts/openapi/routes.ts';
import { Assembly } from '../support/templates.ts';

describe.each(['dev', 'prod'] as const)('the service of %s', (stage) => {
  const assembly = new Assembly(stage);
  const config = stages[stage];

  describe('functions', () => {
    const functions = assembly.functions();

    it('are those of the rooms, each once', () => {
      expect(functions.map(({ name }) => name).sort()).toEqual(Object.keys(functionsOf(rooms)).sort());
    });

    it.each(functions.map((fn) => [fn.name, fn] as const))('%s runs on Node 24, arm64', (_, fn) => {
      expect(fn.resource.properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      });
      expect(fn.resource.properties.TracingConfig).toEqual(config.tracing ? { Mode: 'Active' } : undefined);
      expect(fn.resource.properties.Environment.Variables.POWERTOOLS_TRACE_ENABLED).toBe(
        config.tracing ? undefined : 'false',
      );
    });

    it.each(functions.map((fn) => [fn.name, fn] as const))(
      '%s logs JSON, for as long as the stage says',
      (_, fn) => {
        const { LogFormat, LogGroup } = fn.resource.properties.LoggingConfig;
        expect(LogFormat).toBe('JSON');
        const group = assembly
          .ofType('AWS::Logs::LogGroup')
          .find(({ id }) => `{${id}}` === assembly.text(LogGroup));
        expect(group!.properties.RetentionInDays).toBe(config.logRetentionDays);
      },
    );

    it('know the names of what they use and of nothing else', () => {
      const common = [
        'POWERTOOLS_LOG_LEVEL',
        'POWERTOOLS_METRICS_NAMESPACE',
        'POWERTOOLS_SERVICE_NAME',
        'POWERTOOLS_TRACE_ENABLED',
      ];
      const extra = Object.fromEntries(
        functions.map(({ name, resource }) => [
          name,
          Object.keys(resource.properties.Environment.Variables)
            .filter((variable) => !common.includes(variable))
            .sort(),
        ]),
      );
      expect(extra).toEqual({
        health: [],
        agents: ['AUTH_MODE', 'HEALTH_IDLE_SECONDS', 'HEALTH_INACTIVE_SECONDS', 'STATE_TABLE'],
        decisions: ['AUTH_MODE', 'DECISIONS_TABLE', 'SIGNALS_TABLE', 'STATE_TABLE'],
        signals: ['AUTH_MODE', 'DECISIONS_TABLE', 'SIGNALS_TABLE', 'STATE_TABLE'],
        memories: [
          'ARCHIVE_BUCKET',
          'AUTH_MODE',
          'EMBEDDING_MODEL',
          'MEMORY_CATEGORIES',
          'MEMORY_TABLE',
          'STATE_TABLE',
        ],
        sessions: ['AUTH_MODE', 'MEMORY_CATEGORIES', 'MEMORY_TABLE', 'SESSION_SETTINGS', 'STATE_TABLE'],
        context: [
          'AUTH_MODE',
          'CONTEXT_DEADLINES',
          'DECISIONS_TABLE',
          'FEATURE_WINDOWS',
          'MEMORY_CATEGORIES',
          'MEMORY_TABLE',
          'SESSION_SETTINGS',
          'SIGNALS_TABLE',
          'STATE_TABLE',
        ],
        summaries: ['SESSION_SETTINGS', 'STATE_TABLE'],
        sweeper: ['MEMORY_CATEGORIES', 'MEMORY_TABLE', 'SESSION_SETTINGS', 'SIGNALS_TABLE', 'STATE_TABLE'],
        patterns: [
          'AUTH_MODE',
          'DECISIONS_TABLE',
          'FEATURE_WINDOWS',
          'MEMORY_TABLE',
          'PATTERN_LIFECYCLE',
          'STATE_TABLE',
        ],
        analytics: ['AUTH_MODE', 'DECISIONS_TABLE', 'FEATURE_WINDOWS', 'MEMORY_TABLE', 'STATE_TABLE'],
        performance: ['AUTH_MODE', 'DECISIONS_TABLE', 'FEATURE_WINDOWS', 'MEMORY_TABLE', 'STATE_TABLE'],
        consolidation: ['AUTH_MODE', 'PLANNER_FUNCTION_NAME', 'STATE_TABLE'],
        archive: ['ARCHIVE_BUCKET', 'AUTH_MODE'],
        archiver: ['ARCHIVE_BUCKET', 'DECISIONS_TABLE', 'SIGNALS_TABLE', 'STATE_TABLE'],
        erasures: ['AUTH_MODE', 'ERASER_FUNCTION_NAME', 'LOG_RETENTION_DAYS', 'STATE_TABLE'],
        eraser: ['ARCHIVE_BUCKET', 'DECISIONS_TABLE', 'MEMORY_TABLE', 'SIGNALS_TABLE', 'STATE_TABLE'],
        relay: ['EVENT_BUS_NAME', 'STATE_TABLE'],
        planner: ['STATE_TABLE', 'WORK_QUEUE_URL'],
        worker: [
          'ARCHIVE_BUCKET',
          'DECISIONS_TABLE',
          'FEATURE_WINDOWS',
          'MAX_RECEIVE_COUNT',
          'MEMORY_CATEGORIES',
          'MEMORY_TABLE',
          'PATTERN_LIFECYCLE',
          'STATE_TABLE',
        ],
      });
    });

    it('refuse requests without an IAM identity', () => {
      const modes = functions.map(({ resource }) => resource.properties.Environment.Variables.AUTH_MODE);
      expect(new Set(modes.filter(Boolean))).toEqual(new Set(['iam']));
    });
  });

  describe('the API', () => {
    const routes = assembly.ofType('AWS::ApiGatewayV2::Route');

    it('has a route for every contract, one for the head of health, and one for everything else', () => {
      expect(routes.map(({ properties }) => properties.RouteKey).sort()).toEqual(
        [...allRoutes.map(routeKeyOf), 'HEAD /health', '$default'].sort(),
      );
    });

    it('asks for a signature on every route but health', () => {
      const open = routes.filter(({ properties }) => properties.AuthorizationType !== 'AWS_IAM');
      expect(open.map(({ properties }) => properties.RouteKey)).toEqual(['GET /health', 'HEAD /health']);
      expect(routes.length).toBeGreaterThan(open.length);
    });

    it('has one stage, which deploys itself, throttles and logs who called what', () => {
      const [apiStage, ...others] = assembly.ofType('AWS::ApiGatewayV2::Stage');
      expect(others).toEqual([]);
      expect(apiStage!.properties).toMatchObject({
        StageName: '$default',
        AutoDeploy: true,
        DefaultRouteSettings: {
          ThrottlingBurstLimit: config.throttle.burstLimit,
          ThrottlingRateLimit: config.throttle.rateLimit,
        },
      });
      expect(JSON.parse(apiStage!.properties.AccessLogSettings.Format)).toMatchObject({
        caller: '$context.identity.userArn',
        path: '$context.path',
        status: '$context.status',
      });
      const group = assembly
        .text(apiStage!.properties.AccessLogSettings.DestinationArn)
        .slice(1, -'.Arn}'.length);
      expect(assembly.ofType('AWS::Logs::LogGroup').find(({ id }) => id === group)!.properties).toMatchObject(
        {
          RetentionInDays: config.logRetentionDays,
        },
      );
    });

    it('may invoke its functions, and only this API may', () => {
      const permissions = assembly.ofType('AWS::Lambda::Permission');
      const [unrouted, ...others] = permissions.filter(({ properties }) =>
        assembly.text(properties.SourceArn).endsWith('/$default'),
      );
      expect(others).toEqual([]);
      expect(assembly.text(unrouted!.properties.SourceArn)).toMatch(/:\{HttpApi\w+\}\/\*\/\$default$/);
      expect(assembly.text(unrouted!.properties.FunctionName)).toContain('Health');
      expect(permissions.length - 1).toBe(
        new Set(routes.map(({ properties }) => assembly.text(properties.Target))).size,
      );
      for (const { properties } of permissions.filter((permission) => permission !== unrouted))
        expect(assembly.text(properties.SourceArn)).toMatch(/:\{HttpApi\w+\}\/\*\/\*\/\*$/);
    });
  });

  describe('the relay', () => {
    it('reads the signals and gives a record up only after halving, retries and six hours, whole, to the archive', () => {
      const streams = assembly
        .ofType('AWS::Lambda::EventSourceMapping')
        .filter(
          ({ properties }) =>
            'StartingPosition' in properties && assembly.text(properties.FunctionName).includes('Relay'),
        );
      expect(streams).toHaveLength(1);
      const { properties } = streams[0]!;
      expect(properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 10,
        MaximumRecordAgeInSeconds: 6 * 3600,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
      // What a mapping counts of its own is said to be billed as custom metrics are.
      expect(properties.MetricsConfig).toBeUndefined();
      expect(assembly.text(properties.EventSourceArn)).toMatch(/^\{SignalsTable\w+\.StreamArn\}$/);
      expect(assembly.text(properties.DestinationConfig.OnFailure.Destination)).toMatch(
        /^\{Archive\w+\.Arn\}$/,
      );
      expect(assembly.text(properties.FunctionName)).toContain('Relay');
    });
  });

  describe('the archiver', () => {
    const mappings = assembly
      .ofType('AWS::Lambda::EventSourceMapping')
      .filter(({ properties }) => assembly.text(properties.FunctionName).includes('Archiver'));

    it('reads every stream of a table whose rows expire, and of it only what TTL deleted', () => {
      expect(
        mappings
          .map(({ properties }) => assembly.text(properties.EventSourceArn).split(/Table|\./)[0])
          .sort(),
      ).toEqual(['{Decisions', '{Signals', '{State']);
      for (const { properties } of mappings) {
        const [filter, ...others] = properties.FilterCriteria.Filters;
        expect(others).toEqual([]);
        expect(JSON.parse(filter.Pattern)).toMatchObject({
          eventName: ['REMOVE'],
          userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] },
        });
      }
    });

    it('tries for half a day, halves what fails, and puts it whole into the archive', () => {
      for (const { properties } of mappings) {
        expect(properties).toMatchObject({
          StartingPosition: 'TRIM_HORIZON',
          BatchSize: 1000,
          MaximumBatchingWindowInSeconds: 300,
          BisectBatchOnFunctionError: true,
          MaximumRecordAgeInSeconds: 12 * 3600,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        });
        expect(assembly.text(properties.DestinationConfig.OnFailure.Destination)).toMatch(
          /^\{Archive\w+\.Arn\}$/,
        );
      }
    });

    it('leaves no stream with more than two readers', () => {
      const readers = assembly
        .ofType('AWS::Lambda::EventSourceMapping')
        .filter(({ properties }) => 'StartingPosition' in properties)
        .map(({ properties }) => assembly.text(properties.EventSourceArn));
      for (const stream of readers)
        expect(readers.filter((other) => other === stream).length).toBeLessThan(3);
    });
  });

  describe('sessions', () => {
    it('are summarized from new messages alone, halved, tried and put aside when they fail', () => {
      const mappings = assembly
        .ofType('AWS::Lambda::EventSourceMapping')
        .filter(({ properties }) => assembly.text(properties.FunctionName).includes('Summaries'));
      expect(mappings).toHaveLength(1);
      const { properties } = mappings[0]!;
      expect(properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 5,
        MaximumRecordAgeInSeconds: 3600,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
      expect(assembly.text(properties.EventSourceArn)).toMatch(/^\{StateTable\w+\.StreamArn\}$/);
      expect(assembly.text(properties.DestinationConfig.OnFailure.Destination)).toMatch(
        /^\{Archive\w+\.Arn\}$/,
      );
      const passes = createFilter(
        properties.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => Pattern),
      );
      const record = (eventName: string, item: object) => ({
        eventName,
        dynamodb: {
          Keys: {
            PK: { S: (item as Record<string, string>)['PK'] },
            SK: { S: (item as Record<string, string>)['SK'] },
          },
        },
      });
      expect(passes(record('INSERT', messageKey('a', 's', 1)))).toBe(true);
      expect(passes(record('REMOVE', messageKey('a', 's', 1)))).toBe(false);
      expect(passes(record('INSERT', headKey('a', 's')))).toBe(false);
      expect(passes(record('INSERT', { PK: 'agent:a', SK: 'MSG#1' }))).toBe(false);
    });

    it('are swept every 15 minutes', () => {
      const [sweep, ...others] = assembly
        .ofType('AWS::Scheduler::Schedule')
        .filter(({ stack }) => stack === 'service');
      expect(others).toEqual([]);
      expect(sweep!.properties).toMatchObject({
        ScheduleExpression: 'rate(15 minutes)',
        State: 'ENABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
      });
      expect(assembly.text(sweep!.properties.Target.Arn)).toContain('Sweeper');
    });

    it('are swept by a function that may read and put signals, for broadcasts, and change none', () => {
      const { role } = assembly.functions().find(({ name }) => name === 'sweeper')!;
      const actions = assembly
        .statements()
        .filter((one) => one.role === role && one.resources.some((arn) => arn.startsWith('{SignalsTable')))
        .flatMap((one) => one.actions);
      expect(actions.toSorted()).toEqual(['dynamodb:PutItem', 'dynamodb:Query']);
    });
  });

  describe('the nightly run', () => {
    it('starts when the stage says, in its time zone, and tells the planner for when', () => {
      const [schedule, ...others] = assembly
        .ofType('AWS::Scheduler::Schedule')
        .filter(({ stack }) => stack === 'consolidation');
      expect(others).toEqual([]);
      const { properties } = schedule!;
      expect(properties).toMatchObject({
        ScheduleExpression: config.consolidationSchedule,
        ScheduleExpressionTimezone: config.consolidationTimezone,
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
      });
      expect(JSON.parse(properties.Target.Input)).toEqual({
        scheduledTime: '<aws.scheduler.scheduled-time>',
      });
      expect(assembly.text(properties.Target.Arn)).toMatch(/^\{PlannerFunction\w+\.Arn\}$/);
      expect(assembly.text(properties.Target.DeadLetterConfig.Arn)).toMatch(/^\{RunDeadLetters\w+\.Arn\}$/);
    });

    it('keeps what failed for good, wherever something can be dropped', () => {
      const [invocations] = assembly.ofType('AWS::Lambda::EventInvokeConfig');
      expect(assembly.text(invocations!.properties.FunctionName)).toContain('Planner');
      expect(assembly.text(invocations!.properties.DestinationConfig.OnFailure.Destination)).toMatch(
        /^\{RunDeadLetters\w+\.Arn\}$/,
      );
      const queues = assembly.ofType('AWS::SQS::Queue');
      const work = queues.filter(({ properties }) => properties.RedrivePolicy);
      expect(work).toHaveLength(1);
      const { deadLetterTargetArn, maxReceiveCount } = work[0]!.properties.RedrivePolicy;
      expect(assembly.text(deadLetterTargetArn)).toMatch(/^\{WorkDeadLetters\w+\.Arn\}$/);
      const worker = assembly.functions().find(({ name }) => name === 'worker')!;
      expect(worker.resource.properties.Environment.Variables.MAX_RECEIVE_COUNT).toBe(
        String(maxReceiveCount),
      );
      for (const { properties } of queues.filter((queue) => queue !== work[0]))
        expect(properties.MessageRetentionPeriod).toBe(14 * 86_400);
    });

    it('works on one agent at a time per worker, in order per agent, and gives the worker time', () => {
      const queues = assembly.ofType('AWS::SQS::Queue');
      const work = queues.find(({ properties }) => properties.RedrivePolicy)!;
      expect(work.properties.FifoQueue).toBe(true);
      const worker = assembly.functions().find(({ name }) => name === 'worker')!.resource.properties;
      expect(worker.MemorySize).toBe(2048);
      expect(work.properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * worker.Timeout);
      const source = assembly
        .ofType('AWS::Lambda::EventSourceMapping')
        .find(({ properties }) => assembly.text(properties.EventSourceArn) === `{${work.id}.Arn}`)!;
      expect(source.properties).toMatchObject({
        BatchSize: 1,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: config.workerConcurrency },
      });
    });

    it('takes messages over TLS only', () => {
      const denied = assembly.ofType('AWS::SQS::QueuePolicy').flatMap(({ properties }) => {
        const statement = properties.PolicyDocument.Statement.find(
          (s: { Effect: string }) => s.Effect === 'Deny',
        );
        expect(statement.Condition).toEqual({ Bool: { 'aws:SecureTransport': 'false' } });
        return properties.Queues.map((queue: unknown) => assembly.text(queue).slice(1, -1));
      });
      expect(denied.sort()).toEqual(
        assembly
          .ofType('AWS::SQS::Queue')
          .map(({ id }) => id)
          .sort(),
      );
    });
  });

  describe('IAM', () => {
    it('has nothing wild in any resource, but where AWS has nothing narrower', () => {
      const statements = assembly.statements();
      expect(statements.length).toBeGreaterThan(9);
      const wild = statements
        .filter(({ resources }) => resources.some((resource) => /[*?]/.test(resource)))
        .map(({ actions, resources }) => `${actions.join()} on ${resources.join()}`);
      expect(new Set(wild)).toEqual(
        new Set([
          ...(config.tracing ? ['xray:PutTraceSegments,xray:PutTelemetryRecords on *'] : []),
          'dynamodb:ListStreams on {SignalsTable89526324.Arn}/stream/*',
          'dynamodb:ListStreams on {StateTable962DE04C.Arn}/stream/*',
          's3:PutObject on {ArchiveDA4CB258.Arn}/aws/lambda/*',
          'dynamodb:ListStreams on {DecisionsTable1F852C44.Arn}/stream/*,{StateTable962DE04C.Arn}/stream/*,{SignalsTable89526324.Arn}/stream/*',
          's3:GetObject on {ArchiveDA4CB258.Arn}/records/*,{ArchiveDA4CB258.Arn}/users/*',
          's3:PutObject on {ArchiveDA4CB258.Arn}/records/*,{ArchiveDA4CB258.Arn}/users/*',
          's3:GetObject,s3:PutObject,s3:DeleteObject on {ArchiveDA4CB258.Arn}/records/*,{ArchiveDA4CB258.Arn}/users/*,{ArchiveDA4CB258.Arn}/aws/lambda/*',
        ]),
      );
    });

    it('has nothing wild in any action, no Scan, no managed policy, no inline user', () => {
      for (const { actions } of assembly.statements())
        for (const action of actions) expect(action).not.toMatch(/[*?]|:Scan$/);
      for (const { properties } of assembly.ofType('AWS::IAM::Role')) {
        expect(properties.ManagedPolicyArns).toBeUndefined();
        expect(properties.Policies).toBeUndefined();
      }
    });

    it('gives each function a role of its own', () => {
      const functions = assembly.functions();
      expect(new Set(functions.map(({ role }) => role)).size).toBe(functions.length);
    });
  });

  it('makes nothing beside what is known here: a new kind of resource is looked at first', () => {
    expect([...new Set(assembly.resources.map(({ type }) => type))].sort()).toEqual([
      'AWS::ApiGatewayV2::Api',
      'AWS::ApiGatewayV2::Integration',
      'AWS::ApiGatewayV2::Route',
      'AWS::ApiGatewayV2::Stage',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::DynamoDB::GlobalTable',
      'AWS::Events::EventBus',
      'AWS::Glue::Database',
      'AWS::Glue::Table',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
      'AWS::Scheduler::Schedule',
    ]);
  });
});
