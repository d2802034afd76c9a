import type { Routes } from '../http/contract.ts';
import type { TableName, tables } from './tables.ts';

/** Actions on items. A transaction needs the actions of its parts. Scan is left out on purpose. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** Permission of a function on one table: actions on its items, and the indexes it may query. */
export interface TablePermission<Index extends string = string> {
  readonly actions: readonly TableAction[];
  readonly indexes?: readonly Index[];
}

export type TablePermissions = {
  readonly [Table in TableName]?: TablePermission<keyof (typeof tables)[Table]['indexes'] & string>;
};

/** Use of archived records by a function. `givenUp` adds the records that Lambda gave up on. */
export type ArchiveUse = 'read' | 'write' | 'remove' | 'givenUp';

/**
 * Variables that carry a setting of the stage; `lib/settings.ts` says which one. A name is all a function states: the
 * value is the stage's.
 */
export const settingNames = [
  'CONTEXT_DEADLINES',
  'EMBEDDING_MODEL',
  'FEATURE_WINDOWS',
  'HEALTH_IDLE_SECONDS',
  'HEALTH_INACTIVE_SECONDS',
  'LOG_RETENTION_DAYS',
  'MAX_RECEIVE_COUNT',
  'MEMORY_CATEGORIES',
  'PATTERN_LIFECYCLE',
  'SESSION_SETTINGS',
] as const;
export type SettingName = (typeof settingNames)[number];

/** An alarm on one metric of the function. */
export interface FunctionAlarm {
  readonly metric: 'errors' | 'iteratorAge';
  /** Errors in a period, or milliseconds of age. @default 1 */
  readonly threshold?: number;
  /** Periods of five minutes it must last. @default 1 */
  readonly periods?: number;
  /** Text of the mail: the meaning of the alarm, and what to do. */
  readonly description: string;
}

/** One Lambda function, as the stacks, the bundles, the permissions and the API's description see it. */
export interface FunctionSpec {
  /** Its entry point, from the repository's root. */
  readonly entry: string;
  /** The routes it answers. @default none: a stream, a schedule, a queue or another function starts it */
  readonly routes?: Routes;
  /** Also answers what no route of the API takes. One function does. @default false */
  readonly answersUnrouted?: true;
  /**
   * Permissions by table. The function gets the names of exactly these tables in its environment. The suite records
   * every command that functions send. It fails on a missing permission, and on one that is never used.
   */
  readonly tables: TablePermissions;
  /** A vCPU comes with 1,769 MB. @default 512: a third of a CPU, and room for the SDK */
  readonly memoryMegabytes?: number;
  /** @default 29, API Gateway's own limit being 30 */
  readonly timeoutSeconds?: number;
  /** @default none */
  readonly settings?: readonly SettingName[];
  /** @default none */
  readonly archive?: readonly ArchiveUse[];
  /** A model of Amazon Bedrock it calls, where the stage names one. */
  readonly model?: 'embedding' | 'summary';
  /** The function it starts, and the variable that carries that function's name. */
  readonly starts?: { readonly name: string; readonly variable: string };
  /** Modules beside its bundle that it imports late, by file name, from the repository's root. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Files copied beside its bundle, from the repository's root. */
  readonly data?: readonly string[];
  /** By the alarm's construct id. One that answers requests has the API's 5xx instead. */
  readonly alarms?: Readonly<Record<string, FunctionAlarm>>;
}

/** Records of a room that outlive their rows in the archive. */
export interface ArchivedKind {
  readonly kind: string;
  readonly table: TableName;
  /** How the partition keys of such rows begin. @default the whole table */
  readonly partitionPrefix?: string;
  /** `expired`: the stream hands them over when their time is up; `removed`: the room archives before it removes. */
  readonly when: 'expired' | 'removed';
}

/** A room of `lambdas/`, as it describes itself in its `functions.ts`. Pure: no AWS, no I/O. */
export interface Room {
  /** By the name that log lines, metrics and traces carry. */
  readonly functions?: Readonly<Record<string, FunctionSpec>>;
  readonly archives?: readonly ArchivedKind[];
  /** Data that an erasure removes, in a few words. The code is in the room's `*-erasure.ts`. */
  readonly erases?: { readonly agent?: string; readonly user?: string };
}
