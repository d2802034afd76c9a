import type { TableName, tables } from '../lambdas/shared/schema/tables.ts';

/** Every function of the service, under the name its log lines, metrics and traces carry. */
export type FunctionName =
  | 'health'
  | 'agents'
  | 'decisions'
  | 'signals'
  | 'sessions'
  | 'context'
  | 'summaries'
  | 'sweeper'
  | 'patterns'
  | 'memories'
  | 'analytics'
  | 'performance'
  | 'consolidation'
  | 'archive'
  | 'archiver'
  | 'erasures'
  | 'eraser'
  | 'relay'
  | 'planner'
  | 'worker';

/** What is done to items. A transaction needs the actions of its parts; Scan is not among them on purpose. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** What a function may do with one table: actions on its items, and the indexes it may query. */
export interface TablePermission<Index extends string = string> {
  readonly actions: readonly TableAction[];
  readonly indexes?: readonly Index[];
}

export type TablePermissions = {
  readonly [Table in TableName]?: TablePermission<keyof (typeof tables)[Table]['indexes'] & string>;
};

/**
 * Function → table → actions. The one place a function's use of a table is allowed; a function also gets the names of
 * exactly these tables in its environment. The suite records every command the functions send, and fails on one that
 * is missing here as on one that is here and never sent.
 */
export const tablePermissions: Readonly<Record<FunctionName, TablePermissions>> = {
  health: {},
  agents: {
    state: {
      actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
      indexes: ['registry'],
    },
  },
  decisions: {
    decisions: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
      indexes: ['outcome', 'type', 'timeline', 'chain'],
    },
    state: { actions: ['BatchGetItem', 'UpdateItem'] },
    signals: { actions: ['BatchGetItem'] },
  },
  signals: {
    signals: {
      actions: ['BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
      indexes: ['inbox', 'sent'],
    },
    state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
    decisions: { actions: ['GetItem'] },
  },
  sessions: {
    state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
    memory: { actions: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'] },
  },
  summaries: {
    state: { actions: ['Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
  },
  sweeper: {
    state: { actions: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
    memory: { actions: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'] },
  },
  context: {
    memory: { actions: ['BatchGetItem', 'Query', 'PutItem'], indexes: ['shared'] },
    decisions: { actions: ['BatchGetItem', 'Query'], indexes: ['timeline'] },
    state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'] },
    signals: { actions: [], indexes: ['inbox'] },
  },
  patterns: {
    memory: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'],
      indexes: ['confidence', 'shared'],
    },
    decisions: { actions: ['Query'] },
    state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'] },
  },
  memories: {
    memory: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
      indexes: ['confidence', 'shared'],
    },
    state: { actions: ['BatchGetItem', 'UpdateItem'] },
  },
  analytics: {
    memory: { actions: ['Query'] },
    decisions: { actions: ['Query'] },
    state: { actions: ['GetItem', 'BatchGetItem', 'Query'] },
  },
  performance: {
    memory: { actions: ['Query', 'PutItem'] },
    decisions: { actions: ['Query', 'BatchGetItem'], indexes: ['timeline'] },
    state: { actions: ['GetItem', 'Query'] },
  },
  consolidation: {
    state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'] },
  },
  archive: {},
  // Reads their streams, and knows a stream's table by its name.
  archiver: {
    decisions: { actions: [] },
    state: { actions: ['BatchGetItem'] },
    signals: { actions: [] },
  },
  erasures: { state: { actions: ['GetItem', 'PutItem'] } },
  eraser: {
    decisions: { actions: ['Query', 'DeleteItem'] },
    memory: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
    state: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem'],
      indexes: ['registry'],
    },
    signals: {
      actions: ['BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem'],
      indexes: ['inbox', 'sent'],
    },
  },
  relay: {
    state: { actions: ['BatchGetItem', 'PutItem'] },
  },
  planner: {
    state: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
      indexes: ['registry'],
    },
  },
  worker: {
    decisions: { actions: ['Query'] },
    memory: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
      indexes: ['shared'],
    },
    state: {
      actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
      indexes: ['registry'],
    },
  },
};
