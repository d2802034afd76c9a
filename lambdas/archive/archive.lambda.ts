import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { archiveEnvironment, archiveStore } from './archive-location.ts';
import { ArchiveReader } from './archive-reader.ts';
import { Archive } from './archive.ts';
import { archiveRoutes } from './contract.ts';
import type { OpenStore } from './object-store.ts';

const environment = { AUTH_MODE: authMode, ...archiveEnvironment };

export function createArchiveHandler(
  runtime: Omit<Runtime, 'documents'>,
  env: Pick<EnvironmentOf<typeof environment>, 'AUTH_MODE'>,
  openStore: OpenStore,
) {
  const reader = new ArchiveReader(new Archive(openStore, runtime.clock));
  return createHttpHandler(runtime, env.AUTH_MODE, archiveRoutes, {
    listArchived: ({ params, query }) => reader.list(params.agentId, query),
  });
}

const env = readEnvironment(environment);
export const handler = createArchiveHandler(createRuntime('archive'), env, archiveStore(env));
