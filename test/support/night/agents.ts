import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import type { WorkerEnvironment } from '../../../lambdas/consolidation/worker.lambda.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import { toItem } from '../../../lambdas/decisions/table.ts';
import type { Clock } from '../../../lambdas/shared/platform/clock.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { randomSource } from '../../../scripts/shared/random.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const DECISIONS = 40;
const STEP_MS = 2 * 60 * 60 * 1000;

export const agentIds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `agent-${String(i).padStart(4, '0')}`);

/** Every fourth agent's outcomes follow nothing; the others do well when the trend is up. Some are still open. */
export function decisionsOf(agentId: string, lastTime: string): Decision[] {
  const number = Number(agentId.slice('agent-'.length));
  const random = randomSource(number + 1);
  const decisionType = 'SIGNAL_GENERATION';
  return Array.from({ length: DECISIONS }, (_, i) => {
    const time = new Date(Date.parse(lastTime) - (DECISIONS - i) * STEP_MS);
    const timestamp = time.toISOString();
    const trend = random() < 0.5 ? 'up' : 'down';
    const session = ['asia', 'europe', 'america'][Math.floor(random() * 3)]!;
    const rate = number % 4 === 3 ? 0.5 : trend === 'up' ? 0.95 : 0.1;
    const succeeded = random() < rate ? ('success' as const) : ('failure' as const);
    const open = random() < 0.05;
    const bits = Buffer.alloc(10);
    bits.writeUInt32BE(i + 1, 6);
    return {
      agentId,
      decisionId: typedId(decisionType, time, bits),
      decisionType,
      timestamp,
      context: { market: { trend, session }, spread: random() },
      action: random() < 0.5 ? 'buy' : 'hold',
      status: open ? ('pending' as const) : succeeded,
      ...(!open && { outcome: { status: succeeded, occurredAt: timestamp, metrics: { pnl: random() } } }),
      outcomeRevision: open ? 0 : 1,
      depth: 1,
      loggedAt: timestamp,
    };
  });
}

/** Registers the agents and stores their decisions: 40 rows of half a kilobyte each. */
export async function storeAgents(
  documents: DynamoDBDocumentClient,
  environment: WorkerEnvironment,
  clock: Clock,
  agents: readonly string[],
): Promise<void> {
  const registry = new AgentRegistry(new Table(documents, environment.STATE_TABLE, clock));
  const store = async (agentId: string): Promise<void> => {
    const decisions = decisionsOf(agentId, clock().toISOString());
    await registry.noteActivity(agentId, [...new Set(decisions.map(({ decisionType }) => decisionType))]);
    for (let start = 0; start < decisions.length; start += 25)
      await documents.send(
        new BatchWriteCommand({
          RequestItems: {
            [environment.DECISIONS_TABLE]: decisions
              .slice(start, start + 25)
              .map((decision) => ({ PutRequest: { Item: toItem(decision) } })),
          },
        }),
      );
  };
  for (let start = 0; start < agents.length; start += 10)
    await Promise.all(agents.slice(start, start + 10).map(store));
}
