import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction, Function } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { TableName } from '../../lambdas/shared/schema/tables.ts';
import type { StageConfig } from '../config.ts';
import { acknowledgeArchiveAccess, archiveAccess, type ArchiveUse } from './archive-access.ts';
import { ServiceFunction } from './service-function.ts';

export interface EraserProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  readonly archive: IBucket;
}

const USES: readonly ArchiveUse[] = ['read', 'write', 'remove', 'givenUp'];

/** Removes an agent or a user from tables and archive. What takes longer than an invocation goes on in the next. */
export class Eraser extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, props: EraserProps) {
    super(scope, id);
    const { config, tables, archive } = props;
    const eraser = new ServiceFunction(this, 'Eraser', {
      name: 'eraser',
      config,
      tables,
      timeout: Duration.minutes(15),
      ...archiveAccess(archive, USES),
    });
    this.function = eraser.function;
    // It calls itself on purpose, and counts how often; Lambda would otherwise stop it at the sixteenth time.
    (this.function.node.defaultChild as CfnFunction).recursiveLoop = 'Allow';
    // A policy of its own: in the role's, function and policy would each wait for the other.
    new Policy(this, 'GoOn', {
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [this.function.functionArn],
        }),
      ],
      roles: [this.function.role!],
    });
    acknowledgeArchiveAccess(eraser, archive, USES);
  }
}
