import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { consolidationRoutes } from './contract.ts';
import { composeRunRequests } from './compose-requests.ts';
import { isPlanned, type RunRecord } from './run.ts';
import { RunLedger } from './run-ledger.ts';
import { RunReports } from './run-reports.ts';

const environment = { AUTH_MODE: authMode, STATE_TABLE: resourceName, PLANNER_FUNCTION_NAME: resourceName };

export function createConsolidationHandler(
  runtime: Runtime,
  env: EnvironmentOf<typeof environment>,
  lambda: Pick<LambdaClient, 'send'>,
) {
  const tables = openTables(runtime, env);
  const ledger = new RunLedger(tables.state);
  const requests = composeRunRequests(runtime, tables.state, new AgentRegistry(tables.state));
  const reports = new RunReports(ledger, runtime.clock);
  // A run that was joined or asked for before may be planned already. If its first planner call failed, it is not.
  const start = async (run: RunRecord) => {
    if (isPlanned(run)) return reports.view(run);
    await lambda.send(
      new InvokeCommand({
        FunctionName: env.PLANNER_FUNCTION_NAME,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify({ runId: run.runId })),
      }),
    );
    return reports.view(run);
  };
  return createHttpHandler(runtime, env.AUTH_MODE, consolidationRoutes, {
    startAgentRun: async ({ params, body }) => start(await requests.byAgent(params.agentId, body)),
    startRun: async ({ body }) => start(await requests.byOperator(body.agentId, body)),
    listRuns: ({ query }) => reports.list(query),
    getRun: ({ params, query }) => reports.get(params.runId, query),
  });
}

export const handler = createConsolidationHandler(
  createRuntime('consolidation'),
  readEnvironment(environment),
  new LambdaClient({}),
);
