import { Duration } from 'aws-cdk-lib';
import { type EventSourceMapping, FilterCriteria, FilterRule, type Function } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type TableName, tables } from '../../lambdas/shared/schema/tables.ts';
import type { Deployment } from '../deployment.ts';
import { readStream, streamReader } from './stream-reading.ts';

/** Rows that TTL deleted; other deletions are the service's own. */
const EXPIRY = {
  eventName: FilterRule.isEqual('REMOVE'),
  userIdentity: {
    type: FilterRule.isEqual('Service'),
    principalId: FilterRule.isEqual('dynamodb.amazonaws.com'),
  },
};

/** The tables with rows that rooms archive when they expire, and a filter for each kind of such rows. */
function expiringTables({ rooms }: Deployment): [TableName, Record<string, unknown>[]][] {
  const kinds = Object.values(rooms)
    .flatMap(({ archives = [] }) => archives)
    .filter(({ when }) => when === 'expired');
  return (Object.keys(tables) as TableName[]).flatMap((table) => {
    const filters = kinds
      .filter((kind) => kind.table === table)
      .map(({ partitionPrefix }) =>
        FilterCriteria.filter({
          ...EXPIRY,
          // Other rows of the table are left out before anything is invoked: counters are most of what expires.
          ...(partitionPrefix && {
            dynamodb: { Keys: { PK: { S: FilterRule.beginsWith(partitionPrefix) } } },
          }),
        }),
      );
    return filters.length > 0 ? [[table, filters]] : [];
  });
}

const pascalOf = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1)}`;

/**
 * The streams' deletions by age → the archive bucket. Five minutes of them, or a thousand, are one batch, because
 * each agent and day in it is an object. A failed batch is retried for twelve hours: a bucket that refuses is repaired
 * by people, who are told after six. Then the records go whole to where failures are kept, and point-in-time recovery
 * has them for 35 days.
 */
export class Archiver extends Construct {
  readonly function: Function;
  readonly mappings: readonly EventSourceMapping[];

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    const expiring = expiringTables(deployment);
    const archiver = streamReader(
      this,
      'Archiver',
      expiring.map(([table]) => table),
      { name: 'archiver', deployment },
    );
    this.function = archiver.function;
    this.mappings = expiring.map(([table, filters]) =>
      readStream(this, `${pascalOf(table)}Stream`, archiver, deployment, table, {
        batchSize: 1000,
        maxBatchingWindow: Duration.minutes(5),
        maxRecordAge: Duration.hours(12),
        filters,
      }),
    );
  }
}
