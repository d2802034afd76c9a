/** `npm run report`: one agent's memory as one page with charts. See `options.ts` for its arguments. */
import { writeFileSync } from 'node:fs';
import { messageOf, runCommand } from '../shared/command.ts';
import { readOptions } from './options.ts';

async function report(args: readonly string[]): Promise<void> {
  const { agentId, url, out } = readOptions(args, process.env['PORT']);
  // After the options: the charts take a second to load.
  const [{ pageOf }, { StoryTeller }] = await Promise.all([import('./page.ts'), import('./story.ts')]);
  const story = await new StoryTeller(url).of(agentId, new Date());
  const page = pageOf(story);
  writeFileSync(out, page);
  process.stdout.write(`${out}: ${Math.round(page.length / 1024)} KB, ${story.decisions.length} decisions\n`);
}

runCommand(report, messageOf);
