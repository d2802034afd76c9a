import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  freeFormSchema,
  idOf,
  nameSchemas,
  pageOf,
  pageQuery,
} from '../shared/schema/fields.ts';

export const statusSchema = z.enum(['active', 'paused', 'error', 'learning', 'backtest']);

/** An agent's own notes between its runs. */
export const stateFields = {
  status: statusSchema,
  currentCycle: z.number().int().min(0).optional(),
  sourceMetrics: freeFormSchema.optional(),
  contextPerformance: freeFormSchema.optional(),
  configuration: freeFormSchema.optional(),
  data: freeFormSchema.optional(),
};

/** Shared with the profile: the version an update replaces, 0 when there is none yet. */
export const expectedVersionSchema = z.number().int().min(0).meta({
  description: 'The version to replace; 0: there is none yet. Another one is a 409 with `currentVersion`.',
});

const checkpointIdSchema = idOf('checkpoint id').meta({
  example: 'CHECKPOINT-01JZZZZZZZZZZZZZZZZZZZZZZZ',
});
export const kindSchema = z.enum(['checkpoint', 'backup']);

const agentParams = z.strictObject({ agentId: agentIdSchema });
const checkpointParams = z.strictObject({ agentId: agentIdSchema, checkpointId: checkpointIdSchema });

export const stateSchema = z.object({
  agentId: agentIdSchema,
  ...stateFields,
  version: z.number().int(),
  updatedAt: z.string(),
  /** The checkpoint this state was restored from; gone with the next put. */
  restoredFrom: z.string().optional(),
});

export const checkpointSchema = z.object({
  agentId: agentIdSchema,
  /** `CHECKPOINT-{ULID}`, or `BACKUP-{ULID}` for the state a restore replaced. */
  checkpointId: z.string(),
  kind: kindSchema,
  label: z.string().optional(),
  /** Version of the state it is a copy of. */
  stateVersion: z.number().int(),
  status: statusSchema,
  createdAt: z.string(),
});

/** A checkpoint with the state it holds. */
export const snapshotSchema = checkpointSchema.extend({ state: z.object(stateFields) });

const stateExample = {
  status: 'active',
  currentCycle: 12,
  sourceMetrics: { exchangeA: { successRate: 0.93 } },
  configuration: { maxPositions: 3 },
};

export const stateRoutes = {
  getState: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/state',
    audience: 'agent',
    summary: "An agent's current state",
    params: agentParams,
    query: z.strictObject({}),
    response: stateSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  putState: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/state',
    audience: 'agent',
    summary: 'Replace the state as a whole; a field left out is gone',
    params: agentParams,
    query: z.strictObject({}),
    body: z.strictObject({ ...stateFields, expectedVersion: expectedVersionSchema.optional() }),
    response: stateSchema,
    status: 200,
    errors: ['VersionConflict'],
    example: { body: stateExample },
  }),
  listStateHistory: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/state/history',
    audience: 'agent',
    summary:
      'The newest 50 versions of the state, newest first, the current one included; a page can be short',
    params: agentParams,
    query: z.strictObject(pageQuery),
    response: pageOf(stateSchema),
    status: 200,
    errors: [],
  }),
  createCheckpoint: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/checkpoints',
    audience: 'agent',
    summary: 'Keep a copy of the current state; 409 when there is none',
    params: agentParams,
    query: z.strictObject({}),
    body: z.strictObject({
      label: z.string().min(1).max(256).optional(),
      clientToken: clientTokenSchema.optional().meta({
        description: 'A repeat gets the first answer, for 90 days, whatever the state is by then.',
      }),
    }),
    response: checkpointSchema,
    status: 201,
    errors: ['Conflict', 'IdempotencyMismatch'],
    example: { body: { label: 'before the new strategy', clientToken: 'deploy-17' } },
  }),
  listCheckpoints: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/checkpoints',
    audience: 'agent',
    summary: 'The newest 50 checkpoints (or the backups restores left), newest first, without their states',
    params: agentParams,
    query: z.strictObject({ kind: kindSchema.optional(), ...pageQuery }),
    response: pageOf(checkpointSchema),
    status: 200,
    errors: [],
  }),
  getCheckpoint: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/checkpoints/{checkpointId}',
    audience: 'agent',
    summary: 'A checkpoint or backup with the state it holds',
    params: checkpointParams,
    query: z.strictObject({}),
    response: snapshotSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  restoreCheckpoint: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/checkpoints/{checkpointId}/restore',
    audience: 'agent',
    summary:
      'Put a checkpoint in place of the current state, which becomes a backup; restoring that undoes it',
    params: checkpointParams,
    query: z.strictObject({}),
    body: z.strictObject({ expectedVersion: z.number().int().min(1).optional() }),
    response: stateSchema.extend({ backupId: z.string() }),
    status: 200,
    errors: ['NotFound', 'Conflict', 'VersionConflict'],
    example: { body: { expectedVersion: 7 } },
  }),
};

nameSchemas({
  AgentStatus: statusSchema,
  CheckpointKind: kindSchema,
  AgentState: stateSchema,
  NewAgentState: stateRoutes.putState.body!,
  Checkpoint: checkpointSchema,
  CheckpointWithState: snapshotSchema,
  KeptState: snapshotSchema.shape.state,
});
