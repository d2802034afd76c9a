import type { MiddlewareObj } from '@middy/core';
import * as z from 'zod';
import { readEnvironment } from './env.ts';

/** Where a function's time went, for those who look: its invocations and its clients' calls. */
export interface Tracing {
  /** The client itself, with its calls traced. */
  capture<Client>(client: Client): Client;
  /** What traces each invocation. */
  middlewares(): MiddlewareObj[];
}

export const untraced: Tracing = { capture: (client) => client, middlewares: () => [] };

const environment = readEnvironment({ POWERTOOLS_TRACE_ENABLED: z.string().default('true') });

/**
 * X-Ray's SDK follows every promise of the process through async hooks from the moment it is loaded, whether anything
 * is traced or not: a tenth of what a request costs. So it is loaded only where the stage traces.
 */
const xray = environment.POWERTOOLS_TRACE_ENABLED === 'false' ? undefined : await import('./x-ray.ts');

/** @param service labels the traces */
export const createTracing = (service: string): Tracing => xray?.createXRayTracing(service) ?? untraced;
