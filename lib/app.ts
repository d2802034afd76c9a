import { readFileSync } from 'node:fs';
import { App, type AppProps, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { StageConfig } from './config.ts';
import { ConsolidationStack } from './consolidation-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { StorageStack } from './storage-stack.ts';

/** The CLI passes it by itself. Tests and the local service, which use no CLI, must synthesize the same. */
const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')) as {
  readonly context: Readonly<Record<string, unknown>>;
};

/**
 * The app with its stacks for one stage. `bin/` deploys it; tests and the local service synthesize the same. The
 * AwsSolutions rules are part of it: synthesis fails on a finding nobody acknowledged with a reason.
 */
export function createApp(config: StageConfig, props: AppProps = {}): App {
  const app = new App({ analyticsReporting: false, ...props, context: { ...context, ...props.context } });
  if (config.customerManagedKey && !config.region)
    throw new Error(
      `stage '${config.stage}': customerManagedKey needs region, which a table names beside its key`,
    );
  const env = config.region ? { region: config.region } : undefined;
  const name = (part: string) => `agent-memory-${config.stage}-${part}`;
  const { tables, archive } = new StorageStack(app, name('storage'), { config, env });
  const consolidation = new ConsolidationStack(app, name('consolidation'), { config, env, tables, archive });
  const service = new ServiceStack(app, name('service'), {
    config,
    env,
    tables,
    archive,
    planner: consolidation.planner,
  });
  new ObservabilityStack(app, name('observability'), { config, env, tables, service, consolidation });
  Tags.of(app).add('service', 'agent-memory');
  Tags.of(app).add('stage', config.stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
