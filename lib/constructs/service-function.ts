import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricsNamespace } from '../../lambdas/shared/schema/metrics.ts';
import type { TablePermission } from '../../lambdas/shared/schema/room.ts';
import { type TableName, tables } from '../../lambdas/shared/schema/tables.ts';
import type { Deployment } from '../deployment.ts';
import { settingsOf } from '../settings.ts';
import { acknowledgeArchiveAccess, archiveAccess } from './archive-access.ts';
import { bundleOf } from './bundle.ts';
import { modelStatements } from './model-access.ts';
import { grantTable } from './table-grant.ts';

export interface ServiceFunctionProps {
  /** Of the function in its room. */
  readonly name: string;
  readonly deployment: Deployment;
  /** Names of resources it uses, beyond what its room says. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Permissions on those resources. @default - none */
  readonly statements?: readonly PolicyStatement[];
}

/**
 * One function of the service, as its room describes it: Node 24 on arm64, structured logs with retention, and a role
 * of its own that may do what the room says and nothing more. Its environment names only what it uses.
 */
export class ServiceFunction extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { name, deployment } = props;
    const { config, archive, functions } = deployment;
    const spec = functions[name];
    if (!spec) throw new Error(`no room has a function '${name}'`);
    const permissions = Object.entries(spec.tables) as [TableName, TablePermission][];
    const archived = spec.archive && archiveAccess(archive, spec.archive);
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
      code: bundleOf(name, functions),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: config.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      memorySize: spec.memoryMegabytes ?? 512,
      timeout: Duration.seconds(spec.timeoutSeconds ?? 29),
      environment: {
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(config.stage),
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...(!config.tracing && { POWERTOOLS_TRACE_ENABLED: 'false' }),
        ...Object.fromEntries(
          permissions.map(([table]) => [tables[table].environment, deployment.tables[table].tableName]),
        ),
        ...settingsOf(spec.settings ?? [], config),
        ...archived?.environment,
        ...props.environment,
      },
    });
    for (const [table, permission] of permissions) grantTable(role, deployment.tables[table], permission);
    const statements = [
      ...(archived?.statements ?? []),
      ...modelStatements(this, spec.model, config),
      ...(props.statements ?? []),
    ];
    for (const statement of statements) role.addToPolicy(statement);
    if (spec.archive) acknowledgeArchiveAccess(this, archive, spec.archive);
    if (config.tracing)
      Validations.of(role).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'X-Ray has no resources: its two write actions can only be allowed on *.',
      });
  }
}
