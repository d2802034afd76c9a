import * as z from 'zod';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { TokenAnswers } from '../shared/token-answers.ts';
import { AgentProfiles } from './agent-profiles.ts';
import { AgentRegistry } from './agent-registry.ts';
import { AgentStates } from './agent-state.ts';
import { Checkpoints } from './checkpoints.ts';
import { agentRoutes } from './contract.ts';
import { Counters } from './counters.ts';
import { StateHistory } from './state-history.ts';
import { WorkingLists } from './working-lists.ts';
import { WorkingMemory } from './working-memory.ts';

const seconds = z.coerce.number({ error: 'must be a number of seconds' }).int().positive();

const environment = {
  AUTH_MODE: authMode,
  STATE_TABLE: resourceName,
  HEALTH_IDLE_SECONDS: seconds,
  HEALTH_INACTIVE_SECONDS: seconds,
};

export type AgentsEnvironment = EnvironmentOf<typeof environment>;

export function createAgentsHandler(runtime: Runtime, env: AgentsEnvironment) {
  const { randomPart } = runtime;
  const tables = openTables(runtime, env);
  const registry = new AgentRegistry(tables.state);
  const profiles = new AgentProfiles(tables.state, registry, {
    idleAfterSeconds: env.HEALTH_IDLE_SECONDS,
    inactiveAfterSeconds: env.HEALTH_INACTIVE_SECONDS,
  });
  const history = new StateHistory(tables.state);
  const states = new AgentStates(tables.state, registry, history);
  const checkpoints = new Checkpoints({
    table: tables.state,
    registry,
    states,
    history,
    randomPart,
    answers: new TokenAnswers(tables.state),
  });
  const working = new WorkingMemory(tables.state, registry);
  const lists = new WorkingLists(tables.state, registry);
  const counters = new Counters(tables.state, registry);

  return createHttpHandler(runtime, env.AUTH_MODE, agentRoutes, {
    putAgent: ({ params, body }) => profiles.put(params.agentId, body),
    getAgent: ({ params }) => profiles.get(params.agentId),
    heartbeat: ({ params }) => profiles.heartbeat(params.agentId),
    listAgents: ({ query }) => profiles.list(query),
    deregisterAgent: ({ params }) => profiles.deregister(params.agentId),

    getState: ({ params }) => states.get(params.agentId),
    putState: ({ params, body: { expectedVersion, ...fields } }) =>
      states.put(params.agentId, fields, expectedVersion),
    listStateHistory: ({ params, query }) => history.list(params.agentId, query),
    createCheckpoint: ({ params, body }) => checkpoints.create(params.agentId, body),
    listCheckpoints: ({ params, query }) => checkpoints.list(params.agentId, query),
    getCheckpoint: ({ params }) => checkpoints.get(params.agentId, params.checkpointId),
    restoreCheckpoint: ({ params, body }) =>
      checkpoints.restore(params.agentId, params.checkpointId, body.expectedVersion),

    putWorking: ({ params, body }) =>
      working.put(params.agentId, params.key, body.value, body.ttlSeconds, body.expectedVersion),
    appendWorking: ({ params, body }) => lists.append(params.agentId, params.key, body),
    getWorking: ({ params }) => working.get(params.agentId, params.key),
    deleteWorking: ({ params, query }) => working.remove(params.agentId, params.key, query.expectedVersion),
    listWorking: ({ params, query }) => working.list(params.agentId, query),
    getCount: ({ params, query }) => counters.read(params.agentId, params.key, query),
    count: ({ params, body }) => counters.count(params.agentId, params.key, body),
  });
}

export const handler = createAgentsHandler(createRuntime('agents'), readEnvironment(environment));
