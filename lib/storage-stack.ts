import { Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { type TableName, tables } from '../lambdas/shared/schema/tables.ts';
import type { StageConfig } from './config.ts';
import { ArchiveCatalog } from './constructs/archive-catalog.ts';
import { AgentTable } from './constructs/agent-table.ts';

export interface StorageStackProps extends StackProps {
  readonly config: StageConfig;
}

/** Everything with state that must outlive a deployment: the four tables and the archive. Their ids are never renamed. */
export class StorageStack extends Stack {
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Whole records: what left the tables, under `records/`; what stream consumers gave up on, under `aws/lambda/`. */
  readonly archive: Bucket;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    // Other stacks read its outputs by weak references, which do not keep it from being deleted.
    super(scope, id, { ...props, terminationProtection: props.config.retainData });
    const { config } = props;
    const encryptionKey = config.customerManagedKey
      ? new Key(this, 'TableKey', {
          enableKeyRotation: true,
          removalPolicy: config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        })
      : undefined;
    const make = (constructId: string, name: TableName) =>
      new AgentTable(this, constructId, { schema: tables[name], retain: config.retainData, encryptionKey })
        .table;
    this.tables = {
      decisions: make('Decisions', 'decisions'),
      memory: make('Memory', 'memory'),
      state: make('State', 'state'),
      signals: make('Signals', 'signals'),
    };
    this.archive = new Bucket(this, 'Archive', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        // Long enough to be found, looked at and replayed; what they hold expired from the tables long before.
        { id: 'failures', prefix: 'aws/lambda/', expiration: Duration.days(90) },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      removalPolicy: config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new ArchiveCatalog(this, 'Catalog', { stage: config.stage, archive: this.archive });
    Validations.of(this.archive).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only Lambda writes here and only operators read; CloudTrail data events serve where reads are audited.',
    });
  }
}
