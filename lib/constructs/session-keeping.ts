import { Duration, Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type Function,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { TableName } from '../../lambdas/shared/schema/tables.ts';
import type { StageConfig } from '../config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { sessionAccess } from './session-access.ts';
import { ServiceFunction } from './service-function.ts';

export interface SessionKeepingProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Where records go that could not be summarized. */
  readonly failures: IBucket;
}

/** A message that was put, and nothing else that happens in the state table. */
const NEW_MESSAGE = {
  eventName: FilterRule.isEqual('INSERT'),
  dynamodb: {
    Keys: { PK: { S: FilterRule.beginsWith('session:') }, SK: { S: FilterRule.beginsWith('MSG#') } },
  },
};

/**
 * What is done for sessions while nobody waits: running summaries from the state table's stream, and every 15 minutes
 * a sweep that ends what nobody ended. A summary that fails is made up for by the next one and by the end of the
 * session, so its record is tried for an hour and then put aside.
 */
export class SessionKeeping extends Construct {
  readonly summaries: Function;
  readonly sweeper: Function;

  constructor(scope: Construct, id: string, props: SessionKeepingProps) {
    super(scope, id);
    const { config, tables, failures } = props;
    const { environment, statements } = sessionAccess(this, config);
    const stream = tables.state.tableStreamArn;
    if (!stream) throw new Error('the state table has no stream');
    const streams = `${tables.state.tableArn}/stream/*`;
    const givenUp = failures.arnForObjects('aws/lambda/*');
    const summaries = new ServiceFunction(this, 'Summaries', {
      name: 'summaries',
      config,
      tables,
      timeout: Duration.minutes(2),
      environment,
      statements: [
        ...statements,
        new PolicyStatement({
          actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
          resources: [stream],
        }),
        // ListStreams knows no narrower resource than the streams of a table.
        new PolicyStatement({
          actions: ['dynamodb:ListStreams'],
          resources: [streams],
        }),
        // Where Lambda puts what was given up.
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [failures.bucketArn] }),
        new PolicyStatement({
          actions: ['s3:PutObject'],
          resources: [givenUp],
        }),
      ],
    });
    this.summaries = summaries.function;
    new EventSourceMapping(this, 'Stream', {
      target: this.summaries,
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // Messages come in twos, a question and its answer: one invocation for several of them.
      maxBatchingWindow: Duration.seconds(2),
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 5,
      maxRecordAge: Duration.hours(1),
      onFailure: { bind: () => ({ destination: failures.bucketArn }) },
      supportS3OnFailureDestination: true,
      filters: [FilterCriteria.filter(NEW_MESSAGE)],
    }).node.addDependency(summaries);
    acknowledgeWildcard(
      summaries,
      streams,
      'ListStreams knows no narrower resource than the streams of one table.',
    );
    acknowledgeWildcard(
      summaries,
      givenUp,
      'Lambda names the objects it writes for records it gave up on; the prefix is as narrow as it gets.',
    );

    this.sweeper = new ServiceFunction(this, 'Sweeper', {
      name: 'sweeper',
      config,
      tables,
      timeout: Duration.minutes(5),
      environment: { ...environment, MEMORY_CATEGORIES: JSON.stringify(config.memoryCategories) },
      statements,
    }).function;
    this.#scheduleSweep();
  }

  /** The L2 target would allow every version of the function (`arn:*`); this role names the function alone. */
  #scheduleSweep(): void {
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Lets the schedule start the sweep of sessions',
    });
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunction'],
        resources: [this.sweeper.functionArn],
      }),
    );
    const schedule = new CfnSchedule(this, 'Sweep', {
      description: 'Ends the sessions that nobody ended',
      scheduleExpression: 'rate(15 minutes)',
      flexibleTimeWindow: { mode: 'OFF' },
      state: 'ENABLED',
      target: {
        arn: this.sweeper.functionArn,
        roleArn: role.roleArn,
        // What one sweep leaves, the next one finds: nothing is kept of one that failed.
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: Duration.minutes(10).toSeconds() },
      },
    });
    schedule.node.addDependency(role);
  }
}
