import { writeFileSync } from 'node:fs';
import { createApp } from '../../../lib/app.ts';
import { stages } from '../../../lib/config.ts';

const stacksWith = (strength: string) =>
  Object.values(stages).flatMap((config) =>
    createApp(config, {
      context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:defaultCrossStackReferences': strength },
    })
      .synth()
      .stacks.map(({ stackName, terminationProtection, template, dependencies }) => ({
        stackName,
        terminationProtection,
        template: template as unknown,
        dependencies: dependencies.map(({ id }) => id),
      })),
  );

writeFileSync(process.argv[2]!, JSON.stringify({ both: stacksWith('both'), weak: stacksWith('weak') }));
