import { Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { tables } from '../../lambdas/shared/schema/tables.ts';

export interface ArchiveCatalogProps {
  readonly stage: string;
  readonly archive: IBucket;
}

const text = (...names: string[]) => names.map((name) => ({ name, type: 'string' }));

/**
 * The archive as a table for Athena: database `agent_memory_{stage}`, table `archive`. Partitions are computed from
 * the query (projection), so nothing has to crawl or register them; an agent must be named in it. The two are free of
 * charge, a query costs $5 a TB it reads, of 10 MB at least.
 */
export class ArchiveCatalog extends Construct {
  constructor(scope: Construct, id: string, props: ArchiveCatalogProps) {
    super(scope, id);
    const { stage, archive } = props;
    const catalogId = Stack.of(this).account;
    const database = new CfnDatabase(this, 'Database', {
      catalogId,
      databaseInput: { name: `agent_memory_${stage}`, description: 'What agents knew once' },
    });
    const location = `s3://${archive.bucketName}/records/`;
    new CfnTable(this, 'Table', {
      catalogId,
      databaseName: database.ref,
      tableInput: {
        name: 'archive',
        description: 'Records deleted from the tables by age or by the nightly run',
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: text('source', 'agent', 'day'),
        parameters: {
          classification: 'json',
          compressionType: 'gzip',
          'projection.enabled': 'true',
          'projection.source.type': 'enum',
          'projection.source.values': Object.keys(tables).join(','),
          'projection.agent.type': 'injected',
          'projection.day.type': 'date',
          'projection.day.format': 'yyyy-MM-dd',
          'projection.day.range': '2000-01-01,NOW+1DAY',
          // `table` and `date` are words of SQL: in queries the two are called source and day.
          'storage.location.template': `${location}table=\${source}/agent=\${agent}/date=\${day}/`,
        },
        storageDescriptor: {
          location,
          columns: [
            ...text('id', 'kind', 'timestamp', 'key'),
            { name: 'version', type: 'int' },
            ...text('reason', 'archivedat', 'record'),
          ],
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
        },
      },
    });
  }
}
