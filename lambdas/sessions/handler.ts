import { AgentRegistry } from '../agents/agent-registry.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { sessionRoutes } from './contract.ts';
import { SessionList } from './session-list.ts';
import { type ResumedSession, SessionReader } from './session-reader.ts';
import { SessionStore } from './session-store.ts';
import { type SessionSettings, sessionSettings } from './settings.ts';
import { toSummary } from './summary.ts';

export interface SessionsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly STATE_TABLE: string;
  readonly SESSION_SETTINGS: SessionSettings;
}

const toAnswer = ({ head, summary, messages }: ResumedSession) => ({
  ...head,
  summary: summary ? toSummary(summary) : null,
  messages,
});

export const createSessionsHandler = (runtime: Runtime, env: SessionsEnvironment) => {
  const { documents, clock, randomPart } = runtime;
  const { expiresAfterSeconds, hotWindow } = env.SESSION_SETTINGS;
  const table = env.STATE_TABLE;
  const registry = new AgentRegistry(documents, table, clock);
  const store = new SessionStore({ documents, table, clock, randomPart, registry, expiresAfterSeconds });
  const reader = new SessionReader(documents, table, clock, hotWindow);
  const sessions = new SessionList(documents, table, clock);

  return createHttpHandler(runtime, env.AUTH_MODE, sessionRoutes, {
    createSession: ({ params, body }) => store.create(params.agentId, body),
    listSessions: ({ params, query }) => sessions.list(params.agentId, query),
    getSession: async ({ params }) => toAnswer(await reader.resume(params.agentId, params.sessionId)),
    appendMessage: async ({ params, body: { clientToken, ...message } }) => ({
      ...params,
      ...(await store.append(params.agentId, params.sessionId, message, clientToken)),
    }),
    listMessages: ({ params, query }) => reader.page(params.agentId, params.sessionId, query),
  });
};

export const handler = createSessionsHandler(
  createRuntime('sessions'),
  readEnvironment({ AUTH_MODE: authMode, STATE_TABLE: resourceName, SESSION_SETTINGS: sessionSettings }),
);
