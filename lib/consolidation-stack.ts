import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventInvokeConfig, EventSourceMapping, type Function } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { StageConfig } from './config.ts';
import { ServiceFunction } from './constructs/service-function.ts';
import type { Deployment } from './deployment.ts';
import { MAX_RECEIVE_COUNT } from './settings.ts';

export interface ConsolidationStackProps extends StackProps {
  readonly deployment: Deployment;
}

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
    const { deployment } = props;
    const { config, functions } = deployment;
    const workerSeconds = functions['worker']!.timeoutSeconds!;

    this.workDeadLetters = new Queue(this, 'WorkDeadLetters', {
      fifo: true,
      enforceSSL: true,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    this.workQueue = new Queue(this, 'Work', {
      fifo: true,
      enforceSSL: true,
      // AWS asks for six times the function's timeout: throttled invocations are retried within it.
      visibilityTimeout: Duration.seconds(6 * workerSeconds),
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
      deployment,
      environment: { WORK_QUEUE_URL: this.workQueue.queueUrl },
      statements: [send(this.workQueue), send(this.runDeadLetters)],
    }).function;
    new EventInvokeConfig(this, 'PlannerInvocations', {
      function: this.planner,
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      onFailure: { bind: () => ({ destination: this.runDeadLetters.queueArn }) },
    }).node.addDependency(this.planner);

    const worker = new ServiceFunction(this, 'Worker', {
      name: 'worker',
      deployment,
      statements: [
        new PolicyStatement({
          actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
          resources: [this.workQueue.queueArn],
        }),
      ],
    });
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
