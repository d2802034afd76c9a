/** Synthesizes the app, bundles and all, into the directory it is given. A process of its own: the service goes on. */
import { createApp } from '../../lib/app.ts';
import { stageConfig } from '../../lib/config.ts';

const [outdir] = process.argv.slice(2);
if (!outdir) throw new Error('say where to');
createApp(stageConfig('dev'), { outdir }).synth();
