import { ID_PATTERN } from '../../lambdas/shared/schema/fields.ts';
import { asText, readArguments, readUrl, required, withDefault } from '../shared/options.ts';

export interface ReportOptions {
  readonly agentId: string;
  readonly url: string;
  readonly out: string;
}

function readAgentId(given: string): string {
  if (!ID_PATTERN.test(given)) throw new Error('must name an agent');
  return given;
}

/** @throws UsageError */
export function readOptions(args: readonly string[], port = '3000'): ReportOptions {
  const { agent, url, out } = readArguments(
    {
      command: 'npm run report',
      about: 'Writes one page with charts: success, patterns, equity and drawdown, signals of one agent.',
      options: {
        agent: required('AGENT', 'whose story is told', readAgentId),
        url: withDefault('URL', 'where the service answers', `http://127.0.0.1:${port}`, readUrl),
        out: withDefault('FILE', 'where the page goes', 'report.html', asText),
      },
    },
    args,
  );
  return { agentId: agent, url, out };
}
