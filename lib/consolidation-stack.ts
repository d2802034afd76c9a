import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventInvokeConfig, EventSourceMapping, type Function } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { TableName } from '../lambdas/shared/schema/tables.ts';
import type { StageConfig } from './config.ts';
import { acknowledgeArchiveAccess, archiveAccess } from './constructs/archive-access.ts';
import { ServiceFunction } from './constructs/service-function.ts';

export interface ConsolidationStackProps extends StackProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Where memories go before the worker shortens or deletes them. */
  readonly archive: IBucket;
}

/** One agent is one message. Three tries, so a bad night of a dependency is survived and a poison agent is not. */
const MAX_RECEIVE_COUNT = 3;
/** Of the worker function. */
export const WORKER_MEGABYTES = 2048;
const WORKER_TIMEOUT = Duration.minutes(10);
const DEAD_LETTER_RETENTION = Duration.days(14);

/** Each night: scheduler → planner → FIFO queue (group = agent) → worker. What fails for good is kept to be looked at. */
export class ConsolidationStack extends Stack {
  readonly planner: Function;
  readonly worker: Function;
  readonly workQueue: Queue;
  /** Agents whose consolidation failed each time. */
  readonly workDeadLetters: Queue;
  /** Runs that never started, or whose planner failed each time. */
  readonly runDeadLetters: Queue;

  constructor(scope: Construct, id: string, props: ConsolidationStackProps) {
    super(scope, id, props);
    const { config, tables, archive } = props;

    this.workDeadLetters = new Queue(this, 'WorkDeadLetters', {
      fifo: true,
      enforceSSL: true,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    this.workQueue = new Queue(this, 'Work', {
      fifo: true,
      enforceSSL: true,
      // AWS asks for six times the function's timeout: throttled invocations are retried within it.
      visibilityTimeout: Duration.minutes(6 * WORKER_TIMEOUT.toMinutes()),
      deadLetterQueue: { queue: this.workDeadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
    this.runDeadLetters = new Queue(this, 'RunDeadLetters', {
      enforceSSL: true,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    Validations.of(this.runDeadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is itself where failed runs end, of the schedule and of the asynchronous invocation.',
    });

    const send = (queue: Queue) =>
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
    this.planner = new ServiceFunction(this, 'Planner', {
      name: 'planner',
      config,
      tables,
      timeout: Duration.minutes(15),
      environment: { WORK_QUEUE_URL: this.workQueue.queueUrl },
      statements: [send(this.workQueue), send(this.runDeadLetters)],
    }).function;
    new EventInvokeConfig(this, 'PlannerInvocations', {
      function: this.planner,
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      onFailure: { bind: () => ({ destination: this.runDeadLetters.queueArn }) },
    }).node.addDependency(this.planner);

    const archiving = archiveAccess(archive, ['write']);
    const worker = new ServiceFunction(this, 'Worker', {
      name: 'worker',
      config,
      tables,
      // A million decisions take 0.7 GB. Two whole cores (3,538 MB) would cost 1.7 times as much a second, and most
      // seconds are spent waiting for DynamoDB.
      memorySize: WORKER_MEGABYTES,
      timeout: WORKER_TIMEOUT,
      environment: {
        MAX_RECEIVE_COUNT: String(MAX_RECEIVE_COUNT),
        FEATURE_WINDOWS: JSON.stringify(config.featureWindows),
        PATTERN_LIFECYCLE: JSON.stringify(config.patternLifecycle),
        MEMORY_CATEGORIES: JSON.stringify(config.memoryCategories),
        ...archiving.environment,
      },
      statements: [
        ...archiving.statements,
        new PolicyStatement({
          actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
          resources: [this.workQueue.queueArn],
        }),
      ],
    });
    acknowledgeArchiveAccess(worker, archive);
    this.worker = worker.function;
    new EventSourceMapping(this, 'WorkSource', {
      target: this.worker,
      eventSourceArn: this.workQueue.queueArn,
      // One agent an invocation: the timeout is one agent's, and a killed worker takes no other down with it.
      batchSize: 1,
      maxConcurrency: config.workerConcurrency,
      reportBatchItemFailures: true,
    }).node.addDependency(worker);

    this.#scheduleNightly(config, send(this.runDeadLetters));
  }

  /** The L2 target would allow every version of the planner (`arn:*`); this role names the function alone. */
  #scheduleNightly(config: StageConfig, sendToDeadLetters: PolicyStatement): void {
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      description: 'Lets the schedule start the planner',
    });
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunction'],
        resources: [this.planner.functionArn],
      }),
    );
    role.addToPolicy(sendToDeadLetters);
    const schedule = new CfnSchedule(this, 'Nightly', {
      description: 'Starts the nightly consolidation',
      scheduleExpression: config.consolidationSchedule,
      scheduleExpressionTimezone: config.consolidationTimezone,
      flexibleTimeWindow: { mode: 'OFF' },
      state: 'ENABLED',
      target: {
        arn: this.planner.functionArn,
        roleArn: role.roleArn,
        input: JSON.stringify({ scheduledTime: '<aws.scheduler.scheduled-time>' }),
        retryPolicy: { maximumRetryAttempts: 20, maximumEventAgeInSeconds: Duration.hours(6).toSeconds() },
        deadLetterConfig: { arn: this.runDeadLetters.queueArn },
      },
    });
    // A schedule may be made before the policy that lets it work, and would then miss its first night.
    schedule.node.addDependency(role);
  }
}
