import { readLog, type ToolCall } from '../../shared/published-logs.ts';

export interface Episode {
  readonly name: string;
  readonly task: number;
  readonly trial: number;
  readonly customer: string;
  readonly solved: boolean;
  readonly calls: readonly ToolCall[];
}

/** Episodes in the order in which they are to have happened: every task once, then every task again. */
export function readEpisodes(file: string): Episode[] {
  const byName = new Map<string, ToolCall[]>();
  for (const call of readLog<ToolCall>(file)) {
    const calls = byName.get(call.episode);
    if (calls) calls.push(call);
    else byName.set(call.episode, [call]);
  }
  return [...byName]
    .map(([name, calls]) => ({
      name,
      task: calls[0]!.task_id,
      trial: calls[0]!.trial,
      customer: String(
        calls.find(({ args }) => args['user_id'])?.args['user_id'] ?? `customer-of-task-${calls[0]!.task_id}`,
      ),
      solved: calls[0]!.episode_reward === 1,
      calls,
    }))
    .sort((a, b) => a.trial - b.trial || a.task - b.task);
}

/** The same call again: the tool and what it was given. */
export const nameOf = ({
  action,
  args,
}: {
  readonly action: string;
  readonly args: Readonly<Record<string, unknown>>;
}): string => JSON.stringify([action, Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))]);
