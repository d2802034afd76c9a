import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  type GlobalSecondaryIndexPropsV2,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import {
  type IndexSchema,
  PARTITION_KEY,
  SORT_KEY,
  type TableSchema,
} from '../../lambdas/shared/schema/tables.ts';

export interface AgentTableProps {
  readonly schema: TableSchema;
  /** Keep the table when its stack goes, and refuse deletion. */
  readonly retain: boolean;
  /** @default - a key AWS owns, free of charge */
  readonly encryptionKey?: IKey;
}

const typeOf = { S: AttributeType.STRING, N: AttributeType.NUMBER } as const;

function indexProps(index: IndexSchema): GlobalSecondaryIndexPropsV2 {
  const { projection } = index;
  return {
    indexName: index.name,
    partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
    sortKey: { name: index.sortKey.name, type: typeOf[index.sortKey.type] },
    ...(typeof projection === 'string'
      ? { projectionType: ProjectionType[projection] }
      : { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...projection] }),
  };
}

/** One of the service's tables, made from its schema: on demand, point-in-time recovery, encrypted. */
export class AgentTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: AgentTableProps) {
    super(scope, id);
    const { schema, retain, encryptionKey } = props;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: encryptionKey
        ? TableEncryptionV2.customerManagedKey(encryptionKey)
        : TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retain,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      timeToLiveAttribute: schema.ttl,
      dynamoStream:
        schema.stream && StreamViewType[schema.stream === 'NEW_IMAGE' ? 'NEW_IMAGE' : 'NEW_AND_OLD_IMAGES'],
      globalSecondaryIndexes: Object.values(schema.indexes).map(indexProps),
    });
  }
}
