/** `npm run report`: what one agent's memory says, as one page with charts. See `options.ts` for its arguments. */
import { writeFileSync } from 'node:fs';
import { readOptions, UsageError } from './options.ts';
import { pageOf } from './page.ts';
import { StoryTeller } from './story.ts';

async function main(): Promise<void> {
  const { agentId, url, out } = readOptions(process.argv.slice(2), process.env['PORT']);
  const story = await new StoryTeller(url).of(agentId, new Date());
  const page = pageOf(story);
  writeFileSync(out, page);
  process.stdout.write(`${out}: ${Math.round(page.length / 1024)} KB, ${story.decisions.length} decisions\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
