import { createHttpHandler } from '../shared/http/handler.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { healthRoutes } from './contract.ts';

export const createHealthHandler = (
  runtime: Pick<Runtime, 'clock' | 'logger' | 'metrics' | 'tracing' | 'deadline'>,
) =>
  createHttpHandler(runtime, 'iam', healthRoutes, {
    getHealth: async () => ({ status: 'ok' as const, time: runtime.clock().toISOString() }),
  });

export const handler = createHealthHandler(createRuntime('health'));
