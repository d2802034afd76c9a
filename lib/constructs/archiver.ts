import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type Function,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { TableName } from '../../lambdas/shared/schema/tables.ts';
import type { StageConfig } from '../config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { acknowledgeArchiveAccess, archiveAccess } from './archive-access.ts';
import { ServiceFunction } from './service-function.ts';

export interface ArchiverProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  readonly archive: IBucket;
}

/** What TTL deleted, and nobody else. */
const EXPIRY = {
  eventName: FilterRule.isEqual('REMOVE'),
  userIdentity: {
    type: FilterRule.isEqual('Service'),
    principalId: FilterRule.isEqual('dynamodb.amazonaws.com'),
  },
};

/** The tables whose rows expire, with what of them is worth an invocation. */
const sources = {
  Decisions: { table: 'decisions', filter: EXPIRY },
  State: {
    table: 'state',
    // Counters and the like, the most of what expires there, are left out before anything is invoked.
    filter: { ...EXPIRY, dynamodb: { Keys: { PK: { S: FilterRule.beginsWith('session:') } } } },
  },
  Signals: { table: 'signals', filter: EXPIRY },
} as const;

/**
 * The streams' deletions by age → the archive bucket. Five minutes of them, or a thousand, are one batch, because
 * each agent and day in it is an object. What fails is tried for twelve hours: a bucket that refuses is repaired by
 * people, who are told after six. Then the records go whole to where failures are kept, and point-in-time recovery
 * has them for 35 days.
 */
export class Archiver extends Construct {
  readonly function: Function;
  readonly mappings: readonly EventSourceMapping[];

  constructor(scope: Construct, id: string, props: ArchiverProps) {
    super(scope, id);
    const { config, tables, archive } = props;
    const streamOf = (table: TableName): string => {
      const stream = tables[table].tableStreamArn;
      if (!stream) throw new Error(`the ${table} table has no stream`);
      return stream;
    };
    const streams = Object.values(sources).map(({ table }) => `${tables[table].tableArn}/stream/*`);
    const givenUp = archive.arnForObjects('aws/lambda/*');
    const { environment, statements } = archiveAccess(archive, ['write']);
    const archiver = new ServiceFunction(this, 'Archiver', {
      name: 'archiver',
      config,
      tables,
      timeout: Duration.minutes(1),
      environment,
      statements: [
        ...statements,
        new PolicyStatement({
          actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
          resources: Object.values(sources).map(({ table }) => streamOf(table)),
        }),
        // ListStreams knows no narrower resource than the streams of a table.
        new PolicyStatement({
          actions: ['dynamodb:ListStreams'],
          resources: streams,
        }),
        // Where Lambda puts what was given up.
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [archive.bucketArn] }),
        new PolicyStatement({
          actions: ['s3:PutObject'],
          resources: [givenUp],
        }),
      ],
    });
    this.function = archiver.function;
    this.mappings = Object.entries(sources).map(([name, { table, filter }]) => {
      const mapping = new EventSourceMapping(this, `${name}Stream`, {
        target: this.function,
        eventSourceArn: streamOf(table),
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 1000,
        maxBatchingWindow: Duration.minutes(5),
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        maxRecordAge: Duration.hours(12),
        onFailure: { bind: () => ({ destination: archive.bucketArn }) },
        supportS3OnFailureDestination: true,
        filters: [FilterCriteria.filter(filter)],
      });
      mapping.node.addDependency(archiver);
      return mapping;
    });
    acknowledgeArchiveAccess(archiver, archive);
    for (const resource of streams)
      acknowledgeWildcard(
        archiver,
        resource,
        'ListStreams knows no narrower resource than the streams of one table.',
      );
    acknowledgeWildcard(
      archiver,
      givenUp,
      'Lambda names the objects it writes for records it gave up on; the prefix is as narrow as it gets.',
    );
  }
}
