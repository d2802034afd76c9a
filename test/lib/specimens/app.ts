import { writeFileSync } from 'node:fs';
import { type Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { createApp } from '../../../lib/app.ts';
import { stages, type StageConfig } from '../../../lib/config.ts';

const appOf = (config: StageConfig) => createApp(config, { context: { 'aws:cdk:bundling-stacks': [] } });

function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return String(error);
  }
}

const careless = appOf(stages.dev);
new Bucket(careless.node.findChild('agent-memory-dev-storage') as Stack, 'Careless');

const configured = appOf({
  ...stages.prod,
  customerManagedKey: true,
  region: 'eu-central-1',
  alarmEmail: 'ops@example.com',
  sessions: {
    ...stages.prod.sessions,
    summaryModel: { modelId: 'some.model-v1:0', timeoutSeconds: 8, tokensPerAgentAndDay: 100_000 },
  },
});

// Some acknowledgements are made only while the app is synthesized.
const { stacks } = configured.synth();

writeFileSync(
  process.argv[2]!,
  JSON.stringify({
    careless: messageOf(() => careless.synth()),
    keyWithoutRegion: messageOf(() => appOf({ ...stages.prod, customerManagedKey: true })),
    acknowledgements: configured.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>)),
    configured: stacks.flatMap(({ stackName, template }) =>
      Object.values(template.Resources as Record<string, object>).map((resource) => ({
        stackName,
        ...resource,
      })),
    ),
  }),
);
