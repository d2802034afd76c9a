import { AgentRegistry } from '../agents/agent-registry.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composeEnding, endingEnvironment } from './compose.ts';
import { sessionRoutes } from './contract.ts';
import { SessionList } from './session-list.ts';
import type { SessionOpening } from './session-reader.ts';
import { SessionStore } from './session-store.ts';
import { toSummary } from './summary/summary.ts';

const environment = { AUTH_MODE: authMode, ...endingEnvironment };
export type SessionsEnvironment = EnvironmentOf<typeof environment>;

const toAnswer = ({ head, summary }: SessionOpening) => ({
  ...head,
  summary: summary ? toSummary(summary) : null,
});

export const createSessionsHandler = (runtime: Runtime, env: SessionsEnvironment) => {
  const { randomPart } = runtime;
  const tables = openTables(runtime, env);
  const { expiresAfterSeconds } = env.SESSION_SETTINGS;
  const registry = new AgentRegistry(tables.state);
  const store = new SessionStore({ table: tables.state, randomPart, registry, expiresAfterSeconds });
  const { reader, ending } = composeEnding(runtime, tables, registry, env);
  const sessions = new SessionList(tables.state);

  return createHttpHandler(runtime, env.AUTH_MODE, sessionRoutes, {
    createSession: ({ params, body }) => store.create(params.agentId, body),
    listSessions: ({ params, query }) => sessions.list(params.agentId, query),
    getSession: async ({ params }) => {
      const resumed = await reader.resume(params.agentId, params.sessionId);
      return { ...toAnswer(resumed), messages: resumed.messages };
    },
    appendMessage: async ({ params, body: { clientToken, ...message } }) => ({
      ...params,
      ...(await store.append(params.agentId, params.sessionId, message, clientToken)),
    }),
    endSession: async ({ params, body }) =>
      toAnswer(await ending.end(params.agentId, params.sessionId, body)),
    listMessages: ({ params, query }) => reader.page(params.agentId, params.sessionId, query),
  });
};

export const handler = createSessionsHandler(createRuntime('sessions'), readEnvironment(environment));
