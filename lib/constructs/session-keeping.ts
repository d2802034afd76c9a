import { Duration, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterCriteria, FilterRule, type Function } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import { ServiceFunction } from './service-function.ts';
import { readStream, streamReader } from './stream-reading.ts';

/** A message that was put, and nothing else that happens in the state table. */
const NEW_MESSAGE = {
  eventName: FilterRule.isEqual('INSERT'),
  dynamodb: {
    Keys: { PK: { S: FilterRule.beginsWith('session:') }, SK: { S: FilterRule.beginsWith('MSG#') } },
  },
};

/**
 * Running summaries from the state table's stream, and every 15 minutes a sweep that ends the sessions whose time is
 * up, and delivers what publishers to very many subscribers left undelivered. The next summary and the end of the session make up for a summary that failed, so its record is retried for an
 * hour and then put aside.
 */
export class SessionKeeping extends Construct {
  readonly summaries: Function;
  readonly sweeper: Function;

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    const summaries = streamReader(this, 'Summaries', ['state'], { name: 'summaries', deployment });
    this.summaries = summaries.function;
    readStream(this, 'Stream', summaries, deployment, 'state', {
      batchSize: 100,
      // Messages come in twos, a question and its answer: one invocation for several of them.
      maxBatchingWindow: Duration.seconds(2),
      retryAttempts: 5,
      maxRecordAge: Duration.hours(1),
      filters: [FilterCriteria.filter(NEW_MESSAGE)],
    });
    this.sweeper = new ServiceFunction(this, 'Sweeper', { name: 'sweeper', deployment }).function;
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
