import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  EventSourceMapping,
  type Function,
  type IEventSourceDlq,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { TableName } from '../../lambdas/shared/schema/tables.ts';
import type { StageConfig } from '../config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { ServiceFunction } from './service-function.ts';

export interface SignalRelayProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Where records go that could not be relayed, whole: a queue would hold only where they stood in the stream. */
  readonly failures: IBucket;
}

/**
 * The signals' stream → the bus and the `seen:` rows. A poison record blocks its shard: batches are halved until it
 * stands alone, and after the retries it goes to the bucket and the others move on.
 */
export class SignalRelay extends Construct {
  readonly bus: EventBus;
  readonly function: Function;

  constructor(scope: Construct, id: string, props: SignalRelayProps) {
    super(scope, id);
    const { config, tables, failures } = props;
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: `agent-memory-${config.stage}-signals`,
      description: 'Each delivery of a signal, as SignalPublished',
    });
    const stream = tables.signals.tableStreamArn;
    if (!stream) throw new Error('the signals table has no stream');
    const streams = `${tables.signals.tableArn}/stream/*`;
    const givenUp = failures.arnForObjects('aws/lambda/*');
    const relay = new ServiceFunction(this, 'Relay', {
      name: 'relay',
      config,
      tables,
      timeout: Duration.minutes(1),
      environment: { EVENT_BUS_NAME: this.bus.eventBusName },
      statements: [
        new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] }),
        new PolicyStatement({
          actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
          resources: [stream],
        }),
        // ListStreams knows no narrower resource than the streams of a table.
        new PolicyStatement({
          actions: ['dynamodb:ListStreams'],
          resources: [streams],
        }),
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [failures.bucketArn] }),
        // Lambda names the objects aws/lambda/{mapping}/…; the mapping's id exists only after it.
        new PolicyStatement({
          actions: ['s3:PutObject'],
          resources: [givenUp],
        }),
      ],
    });
    this.function = relay.function;
    const toFailures: IEventSourceDlq = { bind: () => ({ destination: failures.bucketArn }) };
    const mapping = new EventSourceMapping(this, 'Stream', {
      target: this.function,
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 10,
      maxRecordAge: Duration.hours(6),
      onFailure: toFailures,
      supportS3OnFailureDestination: true,
    });
    mapping.node.addDependency(relay);
    acknowledgeWildcard(
      relay,
      streams,
      'ListStreams knows no narrower resource than the streams of one table.',
    );
    acknowledgeWildcard(
      relay,
      givenUp,
      'Lambda names the objects it writes for records it gave up on; the prefix is as narrow as it gets.',
    );
  }
}
