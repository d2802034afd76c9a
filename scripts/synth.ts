import { createApp } from '../lib/app.ts';
import { stages } from '../lib/config.ts';

/** Synthesizes every stage, offline and without credentials; an unacknowledged cdk-nag finding fails it. */
for (const config of Object.values(stages)) {
  const assembly = createApp(config, { outdir: `cdk.out/${config.stage}` }).synth();
  process.stdout.write(`${config.stage}: ${assembly.stacks.map(({ stackName }) => stackName).join(', ')}\n`);
}
