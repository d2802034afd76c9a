/** `npm run bench -- NAME [options]`: measures the service. Without a name it lists the names. */
import { runChoice, runCommand } from '../shared/command.ts';
import { benches } from './benches.ts';

runCommand((args) => runChoice('npm run bench', benches, args));
