import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../dynamodb/client.ts';
import { Table } from '../dynamodb/table.ts';
import { type Clock, systemClock } from './clock.ts';
import { type RandomPart, randomPart } from './ids.ts';
import { InvocationDeadline } from './invocation-deadline.ts';
import { type TableName, tables } from '../schema/tables.ts';
import { createTracing, type Tracing } from './tracing.ts';

/** What every function is given: its clients and its sources of time and chance. Tests pass their own. */
export interface Runtime {
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly documents: DynamoDBDocumentClient;
  /** When the current invocation must have its answer; retries end before it. */
  readonly deadline: InvocationDeadline;
  /** A table by its deployed name, with this runtime's client, clock and deadline. */
  readonly table: (name: string) => Table;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** @param service name of the function; it labels its log lines, metrics and traces */
export function createRuntime(service: string): Runtime {
  const tracing = createTracing(service);
  const documents = tracing.capture(createDocumentClient());
  const deadline = new InvocationDeadline();
  return {
    clock: systemClock,
    randomPart,
    documents,
    deadline,
    table: (name) => new Table(documents, name, systemClock, deadline),
    logger: new Logger({ serviceName: service }),
    // The namespace is the stage's, from POWERTOOLS_METRICS_NAMESPACE.
    metrics: new Metrics({ serviceName: service }),
    tracing,
  };
}

/** The variables that name the tables: DECISIONS_TABLE, … */
type Variables = { readonly [Name in TableName]: (typeof tables)[Name]['environment'] };

/** The tables that an environment names. */
export type TablesOf<Environment> = {
  readonly [Name in TableName as Variables[Name] extends keyof Environment ? Name : never]: Table;
};

/** Opens the tables a function's environment names, and no others. */
export function openTables<Environment extends object>(
  { table }: Pick<Runtime, 'table'>,
  environment: Environment,
): TablesOf<Environment> {
  const names = environment as Readonly<Record<string, string | undefined>>;
  return Object.fromEntries(
    Object.entries(tables).flatMap(([name, { environment: variable }]) => {
      const deployed = names[variable];
      return deployed === undefined ? [] : [[name, table(deployed)]];
    }),
  ) as TablesOf<Environment>;
}
