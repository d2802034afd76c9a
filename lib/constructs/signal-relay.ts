import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import { readStream, streamReader } from './stream-reading.ts';

/** The signals' stream → the bus and the `seen:` rows. After the retries a record goes to the bucket, and the others move on. */
export class SignalRelay extends Construct {
  readonly bus: EventBus;
  readonly function: Function;

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: `agent-memory-${deployment.config.stage}-signals`,
      description: 'Each delivery of a signal, as SignalPublished',
    });
    const relay = streamReader(this, 'Relay', ['signals'], {
      name: 'relay',
      deployment,
      environment: { EVENT_BUS_NAME: this.bus.eventBusName },
      statements: [new PolicyStatement({ actions: ['events:PutEvents'], resources: [this.bus.eventBusArn] })],
    });
    this.function = relay.function;
    readStream(this, 'Stream', relay, deployment, 'signals', {
      batchSize: 100,
      retryAttempts: 10,
      maxRecordAge: Duration.hours(6),
    });
  }
}
