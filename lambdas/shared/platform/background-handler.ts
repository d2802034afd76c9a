import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Runtime } from './runtime.ts';

export type BackgroundHandler<Event, Result> = (event: Event, context: Context) => Promise<Result>;

/** The handler of a function that answers no request: deadline, log context and trace around each invocation. */
export const createBackgroundHandler = <Event, Result>(
  { deadline, logger, tracing }: Pick<Runtime, 'deadline' | 'logger' | 'tracing'>,
  run: BackgroundHandler<Event, Result>,
): BackgroundHandler<Event, Result> =>
  middy<Event, Result>(run)
    .use(deadline.middleware())
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(tracing.middlewares()) as unknown as BackgroundHandler<Event, Result>;
