/** `npm run example -- NAME [options]`: shows the service at work. Without a name it lists the names. */
import { runChoice, runCommand } from '../shared/command.ts';
import { examples } from './examples.ts';

runCommand((args) => runChoice('npm run example', examples, args));
