import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type EventSourceMappingOptions, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { TableName } from '../../lambdas/shared/schema/tables.ts';
import type { Deployment } from '../deployment.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { ServiceFunction, type ServiceFunctionProps } from './service-function.ts';

const streamOf = ({ tables }: Deployment, table: TableName): string => {
  const stream = tables[table].tableStreamArn;
  if (!stream) throw new Error(`the ${table} table has no stream`);
  return stream;
};

/**
 * A function that reads the streams of tables. Records it gives up on go whole to the archive bucket: a queue would
 * hold only where they stood in the stream.
 */
export function streamReader(
  scope: Construct,
  id: string,
  tables: readonly TableName[],
  props: ServiceFunctionProps,
): ServiceFunction {
  const { deployment, statements = [] } = props;
  const { archive } = deployment;
  const streams = tables.map((table) => `${deployment.tables[table].tableArn}/stream/*`);
  const givenUp = archive.arnForObjects('aws/lambda/*');
  const reader = new ServiceFunction(scope, id, {
    ...props,
    statements: [
      ...statements,
      new PolicyStatement({
        actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        resources: tables.map((table) => streamOf(deployment, table)),
      }),
      // ListStreams knows no narrower resource than the streams of a table.
      new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: streams }),
      new PolicyStatement({ actions: ['s3:ListBucket'], resources: [archive.bucketArn] }),
      // Lambda names the objects aws/lambda/{mapping}/…; the mapping's id exists only after it.
      new PolicyStatement({ actions: ['s3:PutObject'], resources: [givenUp] }),
    ],
  });
  for (const stream of streams)
    acknowledgeWildcard(
      reader,
      stream,
      'ListStreams knows no narrower resource than the streams of one table.',
    );
  acknowledgeWildcard(
    reader,
    givenUp,
    'Lambda names the objects it writes for records it gave up on; the prefix is as narrow as it gets.',
  );
  return reader;
}

/** Starts a reader with a table's stream. A poison record blocks its shard: batches are halved until it stands alone. */
export function readStream(
  scope: Construct,
  id: string,
  reader: ServiceFunction,
  deployment: Deployment,
  table: TableName,
  options: EventSourceMappingOptions,
): EventSourceMapping {
  const mapping = new EventSourceMapping(scope, id, {
    target: reader.function,
    eventSourceArn: streamOf(deployment, table),
    startingPosition: StartingPosition.TRIM_HORIZON,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: deployment.archive.bucketArn }) },
    supportS3OnFailureDestination: true,
    ...options,
  });
  mapping.node.addDependency(reader);
  return mapping;
}
