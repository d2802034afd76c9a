import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { FunctionSpec, Room } from '../lambdas/shared/schema/room.ts';
import type { TableName } from '../lambdas/shared/schema/tables.ts';
import type { StageConfig } from './config.ts';

/** Shared by the constructs of one deployment. */
export interface Deployment {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Where records go that expired, and those that stream readers gave up on. */
  readonly archive: IBucket;
  readonly rooms: Readonly<Record<string, Room>>;
  /** The functions of these rooms, by name. */
  readonly functions: Readonly<Record<string, FunctionSpec>>;
}
