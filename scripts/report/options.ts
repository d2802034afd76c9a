import { parseArgs } from 'node:util';
import { ID_PATTERN } from '../../lambdas/shared/schema/fields.ts';

export interface ReportOptions {
  readonly agentId: string;
  readonly url: string;
  readonly out: string;
}

/** The message is what the user is shown. */
export class UsageError extends Error {}

export const USAGE =
  'npm run report -- --agent AGENT [--url http://127.0.0.1:3000] [--out report.html]\n' +
  '  writes one page with charts: success, patterns, equity and drawdown, signals';

/** @throws UsageError */
export function readOptions(args: readonly string[], port = '3000'): ReportOptions {
  const values = (() => {
    try {
      return parseArgs({
        args: [...args],
        options: {
          agent: { type: 'string' },
          url: { type: 'string', default: `http://127.0.0.1:${port}` },
          out: { type: 'string', default: 'report.html' },
          help: { type: 'boolean', default: false },
        },
      }).values;
    } catch (error) {
      throw new UsageError(`${(error as Error).message}\n${USAGE}`);
    }
  })();
  if (values.help) throw new UsageError(USAGE);
  if (values.agent === undefined || !ID_PATTERN.test(values.agent))
    throw new UsageError(`--agent must name an agent\n${USAGE}`);
  return { agentId: values.agent, url: values.url.replace(/\/$/, ''), out: values.out };
}
