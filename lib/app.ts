import { App, type AppProps, Tags } from 'aws-cdk-lib';
import type { StageConfig } from './config.ts';
import { StorageStack } from './storage-stack.ts';

/** The app with its stacks for one stage. `bin/` deploys it; tests and the local service synthesize the same. */
export function createApp(config: StageConfig, props: AppProps = {}): App {
  const app = new App({ analyticsReporting: false, ...props });
  const name = (part: string) => `agent-memory-${config.stage}-${part}`;
  new StorageStack(app, name('storage'), { config });
  Tags.of(app).add('service', 'agent-memory');
  Tags.of(app).add('stage', config.stage);
  return app;
}
