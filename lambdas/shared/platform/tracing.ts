import type { MiddlewareObj } from '@middy/core';
import * as z from 'zod';
import { readEnvironment } from './env.ts';

/** Traces of a function's invocations and of its clients' calls. */
export interface Tracing {
  /** The client itself, with its calls traced. */
  capture<Client>(client: Client): Client;
  /** Middlewares that trace each invocation. */
  middlewares(): MiddlewareObj[];
}

export const untraced: Tracing = { capture: (client) => client, middlewares: () => [] };

const environment = readEnvironment({ POWERTOOLS_TRACE_ENABLED: z.string().default('true') });

/**
 * X-Ray's SDK follows every promise of the process through async hooks once it is loaded, also when nothing is traced.
 * That is a tenth of a request's cost, so it is loaded only where the stage traces.
 */
const xray = environment.POWERTOOLS_TRACE_ENABLED === 'false' ? undefined : await import('./x-ray.ts');

/** @param service labels the traces */
export const createTracing = (service: string): Tracing => xray?.createXRayTracing(service) ?? untraced;
