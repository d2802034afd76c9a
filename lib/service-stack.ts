import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { agentRoutes } from '../lambdas/agents/contract.ts';
import { analyticsRoutes } from '../lambdas/analytics/contract.ts';
import { archiveRoutes } from '../lambdas/archive/contract.ts';
import { consolidationRoutes } from '../lambdas/consolidation/contract.ts';
import { contextRoutes } from '../lambdas/context/contract.ts';
import { decisionRoutes } from '../lambdas/decisions/contract.ts';
import { erasureRoutes } from '../lambdas/erasures/contract.ts';
import { healthRoutes } from '../lambdas/health/contract.ts';
import { memoryRoutes } from '../lambdas/memories/contract.ts';
import { patternRoutes } from '../lambdas/patterns/contract.ts';
import { sessionRoutes } from '../lambdas/sessions/contract.ts';
import { resultsRoutes } from '../lambdas/results/contract.ts';
import type { RouteContract, Routes } from '../lambdas/shared/http/contract.ts';
import type { TableName } from '../lambdas/shared/schema/tables.ts';
import { signalRoutes } from '../lambdas/signals/contract.ts';
import type { StageConfig } from './config.ts';
import { embeddingStatements } from './constructs/embedding-access.ts';
import { acknowledgeArchiveAccess, archiveAccess } from './constructs/archive-access.ts';
import { Archiver } from './constructs/archiver.ts';
import { Eraser } from './constructs/eraser.ts';
import { AgentApi } from './constructs/agent-api.ts';
import { grantAgent, grantDeregistration, grantOperator } from './constructs/agent-grant.ts';
import { ServiceFunction, type ServiceFunctionProps } from './constructs/service-function.ts';
import { sessionAccess } from './constructs/session-access.ts';
import { SessionKeeping } from './constructs/session-keeping.ts';
import { SignalRelay } from './constructs/signal-relay.ts';
import type { FunctionName } from './permissions.ts';

export interface ServiceStackProps extends StackProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  /** Where records go that expired, and those that the relay and the archiver gave up on. */
  readonly archive: IBucket;
  readonly planner: IFunction;
}

interface Slice extends Pick<ServiceFunctionProps, 'memorySize' | 'environment' | 'statements'> {
  readonly name: FunctionName;
  readonly routes: Routes;
}

/** What answers requests: the API, one function per slice, and the relay that carries signals to the bus. */
export class ServiceStack extends Stack {
  readonly api: AgentApi;
  readonly relay: SignalRelay;
  readonly archiver: Archiver;
  readonly eraser: Eraser;
  readonly sessions: SessionKeeping;
  readonly functions: readonly { readonly name: FunctionName; readonly function: Function }[];
  readonly #routes: readonly RouteContract[];

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { config, tables, archive, planner } = props;
    const sessions = sessionAccess(this, config);
    this.eraser = new Eraser(this, 'Erasing', { config, tables, archive });
    // What an agent removes is archived first.
    const removed = archiveAccess(archive, ['write']);
    const slices: readonly Slice[] = [
      { name: 'health', routes: healthRoutes, memorySize: 256 },
      {
        name: 'agents',
        routes: agentRoutes,
        environment: {
          HEALTH_IDLE_SECONDS: String(config.health.idleAfterSeconds),
          HEALTH_INACTIVE_SECONDS: String(config.health.inactiveAfterSeconds),
        },
      },
      { name: 'decisions', routes: decisionRoutes },
      { name: 'signals', routes: signalRoutes },
      {
        name: 'sessions',
        routes: sessionRoutes,
        ...sessions,
        environment: { ...sessions.environment, MEMORY_CATEGORIES: JSON.stringify(config.memoryCategories) },
      },
      // One CPU: what it remembers is ranked while the caller waits.
      {
        name: 'context',
        routes: contextRoutes,
        memorySize: 1769,
        environment: {
          SESSION_SETTINGS: JSON.stringify(config.sessions),
          CONTEXT_DEADLINES: JSON.stringify(config.context),
          MEMORY_CATEGORIES: JSON.stringify(config.memoryCategories),
          FEATURE_WINDOWS: JSON.stringify(config.featureWindows),
        },
      },
      // One CPU: a dry run reads and tests a window while the caller waits.
      {
        name: 'patterns',
        routes: patternRoutes,
        memorySize: 1769,
        environment: {
          FEATURE_WINDOWS: JSON.stringify(config.featureWindows),
          PATTERN_LIFECYCLE: JSON.stringify(config.patternLifecycle),
        },
      },
      // One CPU, and room for the indexes of the agents it was asked about last.
      {
        name: 'memories',
        routes: memoryRoutes,
        memorySize: 1769,
        environment: {
          MEMORY_CATEGORIES: JSON.stringify(config.memoryCategories),
          EMBEDDING_MODEL: config.embeddingModel,
          ...removed.environment,
        },
        statements: [...removed.statements, ...embeddingStatements(this, config)],
      },
      // Likewise: each reads a window of decisions while the caller waits.
      {
        name: 'analytics',
        routes: analyticsRoutes,
        memorySize: 1769,
        environment: { FEATURE_WINDOWS: JSON.stringify(config.featureWindows) },
      },
      {
        name: 'performance',
        routes: resultsRoutes,
        memorySize: 1769,
        environment: { FEATURE_WINDOWS: JSON.stringify(config.featureWindows) },
      },
      {
        name: 'consolidation',
        routes: consolidationRoutes,
        environment: { PLANNER_FUNCTION_NAME: planner.functionName },
        statements: [
          new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [planner.functionArn] }),
        ],
      },
      { name: 'archive', routes: archiveRoutes, ...archiveAccess(archive, ['read']) },
      {
        name: 'erasures',
        routes: erasureRoutes,
        environment: {
          ERASER_FUNCTION_NAME: this.eraser.function.functionName,
          LOG_RETENTION_DAYS: String(config.logRetentionDays),
        },
        statements: [
          new PolicyStatement({
            actions: ['lambda:InvokeFunction'],
            resources: [this.eraser.function.functionArn],
          }),
        ],
      },
    ];
    this.#routes = slices.flatMap(({ routes }) => Object.values(routes));
    this.api = new AgentApi(this, 'Http', { config });
    this.functions = slices.map(({ name, routes, environment, ...options }) => {
      const signed = Object.values(routes).some(({ audience }) => audience !== 'open');
      const pascal = `${name[0]!.toUpperCase()}${name.slice(1)}`;
      const slice = new ServiceFunction(this, pascal, {
        name,
        config,
        tables,
        environment: { ...(signed && { AUTH_MODE: 'iam' }), ...environment },
        ...options,
      });
      if (environment && 'ARCHIVE_BUCKET' in environment) acknowledgeArchiveAccess(slice, config.stage);
      this.api.addSlice(pascal, routes, slice.function);
      return { name, function: slice.function };
    });
    this.relay = new SignalRelay(this, 'Signalling', { config, tables, failures: archive });
    this.archiver = new Archiver(this, 'Archiving', { config, tables, archive });
    this.sessions = new SessionKeeping(this, 'Sessioning', { config, tables, failures: archive });
    new CfnOutput(this, 'ApiUrl', { value: this.api.api.apiEndpoint });
    new CfnOutput(this, 'SignalBus', { value: this.relay.bus.eventBusName });
  }

  /** Lets a role act as one agent and no other. @throws Error on an id no agent can have */
  grantAgent(grantee: IGrantable, agentId: string): void {
    grantAgent(grantee, this.api.api, agentId);
  }

  /** Lets a role call the routes that belong to no single agent. */
  grantOperator(grantee: IGrantable): void {
    grantOperator(grantee, this.api.api, this.#routes);
  }

  /** Lets a role take one agent off the registry. @throws Error on an id no agent can have */
  grantDeregistration(grantee: IGrantable, agentId: string): void {
    grantDeregistration(grantee, this.api.api, agentId);
  }
}
