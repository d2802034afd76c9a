import { sessionRoutes } from '../../../lambdas/sessions/contract.ts';
import { createSessionsHandler } from '../../../lambdas/sessions/sessions.lambda.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import type { SessionSettings } from '../../../lambdas/sessions/settings.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';

export const settings: SessionSettings = {
  expiresAfterSeconds: 1800,
  hotWindow: 8,
  summaryEvery: 5,
  summaryBytes: 1600,
};

export const environment = (changes: Partial<SessionSettings> = {}) => ({
  AUTH_MODE: 'iam' as const,
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
  MEMORY_CATEGORIES: defaultMemoryCategories,
  SESSION_SETTINGS: { ...settings, ...changes },
});

/** The handler under test, a clock to move, and one short call per route. */
export function createSessionsFixture(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('sessions', options);
  const handler = createSessionsHandler(runtime, environment());
  const on =
    (route: keyof typeof sessionRoutes) =>
    (input: CallInput = {}) =>
      call(handler, sessionRoutes[route], input);
  const append = (agentId: string, sessionId: string, body: object) =>
    on('appendMessage')({ params: { agentId, sessionId }, body });
  return {
    runtime,
    handler,
    create: (agentId: string, body: object = {}) => on('createSession')({ params: { agentId }, body }),
    list: (agentId: string, query: Record<string, string> = {}) =>
      on('listSessions')({ params: { agentId }, query }),
    resume: (agentId: string, sessionId: string) => on('getSession')({ params: { agentId, sessionId } }),
    append,
    say: (agentId: string, sessionId: string, content: string, role = 'user') =>
      append(agentId, sessionId, { role, content }),
    messages: (agentId: string, sessionId: string, query: Record<string, string> = {}) =>
      on('listMessages')({ params: { agentId, sessionId }, query }),
    end: (agentId: string, sessionId: string, body: object = {}) =>
      on('endSession')({ params: { agentId, sessionId }, body }),
    /** A new session of the agent, by its id. */
    open: async (agentId: string, body: object = {}): Promise<string> =>
      (await on('createSession')({ params: { agentId }, body })).body.sessionId,
  };
}

export type SessionsFixture = ReturnType<typeof createSessionsFixture>;

/** Every message of a session, oldest first, page by page. */
export async function history(
  fixture: SessionsFixture,
  agentId: string,
  sessionId: string,
  maxResults = 100,
) {
  const all: { seq: number; content: string }[] = [];
  let nextToken: string | null = null;
  do {
    const page = await fixture.messages(agentId, sessionId, {
      maxResults: String(maxResults),
      ...(nextToken !== null && { nextToken }),
    });
    all.push(...page.body.items);
    nextToken = page.body.nextToken;
  } while (nextToken !== null);
  return all.reverse();
}
