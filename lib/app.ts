import { readFileSync } from 'node:fs';
import { App, type AppProps, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { functionsOf, rooms } from '../lambdas/rooms.ts';
import type { Room } from '../lambdas/shared/schema/room.ts';
import type { StageConfig } from './config.ts';
import { ConsolidationStack } from './consolidation-stack.ts';
import type { Deployment } from './deployment.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { StorageStack } from './storage-stack.ts';

/** The CLI passes it by itself. Tests and the local service, which use no CLI, must synthesize the same. */
const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Readonly<Record<string, unknown>>;
};

/** Shared by all stages, so that they share the bundles made of it. */
const functions = functionsOf(rooms);

/**
 * The app with its stacks for one stage. `bin/` deploys it; tests and the local service synthesize the same. The
 * AwsSolutions rules are part of it: synthesis fails on a finding that is not acknowledged with a reason.
 *
 * @param deployed default: all rooms of the service
 */
export function createApp(
  config: StageConfig,
  props: AppProps = {},
  deployed: Readonly<Record<string, Room>> = rooms,
): App {
  const app = new App({ analyticsReporting: false, ...props, context: { ...context, ...props.context } });
  if (config.customerManagedKey && !config.region)
    throw new Error(
      `stage '${config.stage}': customerManagedKey needs region, which a table names beside its key`,
    );
  const env = config.region ? { region: config.region } : undefined;
  const name = (part: string) => `agent-memory-${config.stage}-${part}`;
  const storage = new StorageStack(app, name('storage'), { config, env });
  const deployment: Deployment = {
    config,
    tables: storage.tables,
    archive: storage.archive,
    rooms: deployed,
    functions: deployed === rooms ? functions : functionsOf(deployed),
  };
  const consolidation = new ConsolidationStack(app, name('consolidation'), { env, deployment });
  const service = new ServiceStack(app, name('service'), {
    env,
    deployment,
    planner: consolidation.planner,
  });
  new ObservabilityStack(app, name('observability'), { env, deployment, service, consolidation });
  Tags.of(app).add('service', 'agent-memory');
  Tags.of(app).add('stage', config.stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
