import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricsNamespace } from '../../lambdas/shared/schema/metrics.ts';
import { type TableName, tables } from '../../lambdas/shared/schema/tables.ts';
import type { StageConfig } from '../config.ts';
import { type FunctionName, type TablePermission, tablePermissions } from '../permissions.ts';
import { bundleOf } from './bundle.ts';
import { grantTable } from './table-grant.ts';

export interface ServiceFunctionProps {
  readonly name: FunctionName;
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Variables beyond those of its tables. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default 512 MB: a third of a CPU, and room for the SDK */
  readonly memorySize?: number;
  /** @default 29 seconds, API Gateway's own limit being 30 */
  readonly timeout?: Duration;
  /** @default - no statements beyond logs, traces and its tables */
  readonly statements?: readonly PolicyStatement[];
}

/**
 * One function of the service: Node 24 on arm64, traced where the stage says so, structured logs with retention, a role of its own that may
 * do what `tablePermissions` says and nothing more. Its environment names only what it uses.
 */
export class ServiceFunction extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { name, config } = props;
    const permissions = Object.entries(tablePermissions[name]) as [TableName, TablePermission][];
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What the ${name} function may do`,
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    this.function = new Function(this, 'Function', {
      description: `agent-memory ${config.stage}: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: bundleOf(name),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: config.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout ?? Duration.seconds(29),
      environment: {
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(config.stage),
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...(!config.tracing && { POWERTOOLS_TRACE_ENABLED: 'false' }),
        ...Object.fromEntries(
          permissions.map(([table]) => [tables[table].environment, props.tables[table].tableName]),
        ),
        ...props.environment,
      },
    });
    for (const [table, permission] of permissions) grantTable(role, props.tables[table], permission);
    for (const statement of props.statements ?? []) role.addToPolicy(statement);
    if (config.tracing)
      Validations.of(role).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'X-Ray has no resources: its two write actions can only be allowed on *.',
      });
  }
}
