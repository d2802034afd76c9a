/** `npm run synth`: makes the templates offline and without credentials. A finding of cdk-nag fails it. */
import { join } from 'node:path';
import { runCommand } from '../shared/command.ts';
import { asText, readArguments, someOf, withDefault } from '../shared/options.ts';

runCommand(async (args) => {
  const { stage, out } = readArguments(
    {
      command: 'npm run synth',
      about: 'Synthesizes the app; an unacknowledged finding of cdk-nag fails it.',
      options: {
        stage: someOf(['dev', 'prod'], 'stages to synthesize'),
        out: withDefault('DIR', 'where they go, each in a folder of its name', 'cdk.out', asText),
      },
    },
    args,
  );
  const [{ createApp }, { stages }] = await Promise.all([
    import('../../lib/app.ts'),
    import('../../lib/config.ts'),
  ]);
  for (const name of stage) {
    const { stacks } = createApp(stages[name], { outdir: join(out, name) }).synth();
    process.stdout.write(`${name}: ${stacks.map(({ stackName }) => stackName).join(', ')}\n`);
  }
});
