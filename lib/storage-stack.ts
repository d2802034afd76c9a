import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { type TableName, tables } from '../lambdas/shared/schema/tables.ts';
import type { StageConfig } from './config.ts';
import { AgentTable } from './constructs/agent-table.ts';

export interface StorageStackProps extends StackProps {
  readonly config: StageConfig;
}

/** Everything with state that must outlive a deployment: the four tables. Their ids are never renamed. */
export class StorageStack extends Stack {
  readonly tables: Readonly<Record<TableName, ITableV2>>;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    super(scope, id, props);
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
  }
}
