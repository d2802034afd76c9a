import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { recordingsDirectory } from './paths.ts';

/** One SDK command some function sent while the suite ran. */
export interface RecordedCommand {
  readonly kind: 'command';
  readonly service: string;
  /** e.g. `PutItem`, and for a transaction each action it holds: `PutItem`, `ConditionCheckItem`. */
  readonly action: string;
  /** `decisions`, `state`, …, or the name of another resource. */
  readonly resource: string;
  readonly index?: string;
}

/** One answer of the API. */
export interface RecordedAnswer {
  readonly kind: 'answer';
  readonly routeKey: string;
  readonly status: number;
  readonly code?: string;
}

/** One custom metric some function counted. */
export interface RecordedMetric {
  readonly kind: 'metric';
  readonly service: string;
  readonly name: string;
}

type Recording = RecordedCommand | RecordedAnswer | RecordedMetric;

const seen = new Set<string>();

export function record(recording: Recording): void {
  const line = JSON.stringify(recording);
  if (seen.has(line)) return;
  seen.add(line);
  mkdirSync(recordingsDirectory(), { recursive: true });
  appendFileSync(join(recordingsDirectory(), `${process.pid}.jsonl`), `${line}\n`);
}

export const readRecordings = (): Recording[] =>
  readdirSync(recordingsDirectory()).flatMap((file) =>
    readFileSync(join(recordingsDirectory(), file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Recording),
  );

interface CommandInput {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly RequestItems?: Record<string, unknown>;
  readonly TransactItems?: Record<string, { readonly TableName?: string }>[];
  /** Of S3. */
  readonly Bucket?: string;
  /** Of PutEvents. */
  readonly Entries?: unknown;
}

const transactActions: Record<string, string> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

const resourceOf = (tableName: string | undefined): string =>
  Object.entries(tables).find(([, { environment }]) => process.env[environment] === tableName)?.[0] ??
  String(tableName);

function actionsOf(command: string, input: CommandInput): Omit<RecordedCommand, 'kind' | 'service'>[] {
  if (input.TransactItems)
    return input.TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({
        action: transactActions[kind] ?? kind,
        resource: resourceOf(TableName),
      })),
    );
  if (input.RequestItems)
    return Object.keys(input.RequestItems).map((name) => ({ action: command, resource: resourceOf(name) }));
  if (input.Bucket) return [{ action: command, resource: input.Bucket }];
  if (input.Entries) return [{ action: command, resource: 'bus' }];
  return [
    {
      action: command,
      resource: resourceOf(input.TableName),
      ...(input.IndexName && { index: input.IndexName }),
    },
  ];
}

/** Any SDK client's middleware stack, as far as recording needs it. */
interface Recordable {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: never) => unknown,
        context: { commandName?: string },
      ) => (args: never) => unknown,
      options: { step: 'initialize'; name: string },
    ): void;
  };
}

/** Records every command a client sends under the name of the function that sends it. */
export function recordCommands(service: string, client: unknown): void {
  (client as Recordable).middlewareStack.add(
    (next, context) => (args) => {
      const command = (context.commandName ?? 'Unknown').replace(/Command$/, '');
      for (const action of actionsOf(command, (args as { input: CommandInput }).input))
        record({ kind: 'command', service, ...action });
      return next(args);
    },
    { step: 'initialize', name: 'record-commands' },
  );
}
