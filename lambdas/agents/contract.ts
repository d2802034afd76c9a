import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  freeFormSchema,
  idOf,
  nameSchemas,
  pageOf,
  pageQuery,
} from '../shared/schema/fields.ts';
import { expectedVersionSchema, stateRoutes } from './state-contract.ts';
import { workingRoutes } from './working-contract.ts';

const agentParams = z.strictObject({ agentId: agentIdSchema });

const typeSchema = idOf('agent type').meta({ example: 'analyst' });

export const healthSchema = z.enum(['active', 'idle', 'inactive', 'unknown']);

/** An agent, as the registry lists it. */
export const listedAgentSchema = z.object({
  agentId: agentIdSchema,
  type: z.string(),
  capabilities: z.array(z.string()),
  /** The agent's version as its owner names it, e.g. `2.1.0`. */
  agentVersion: z.string().optional(),
  registeredAt: z.string(),
  lastHeartbeatAt: z.string().optional(),
  health: healthSchema,
});

export const profileSchema = listedAgentSchema.extend({
  metadata: freeFormSchema.optional(),
  /** Rises with every put; 0 while a write or a heartbeat is all that registered the agent. */
  version: z.number().int(),
  /** Every type of decision it ever logged, sorted. */
  decisionTypes: z.array(z.string()),
});

/** An agent's description of itself. */
export const profileBodySchema = z.strictObject({
  type: typeSchema,
  capabilities: z.array(z.string().min(1).max(128)).max(50).default([]),
  agentVersion: z.string().min(1).max(64).optional(),
  metadata: freeFormSchema.optional(),
  /** 0: nothing was put yet. */
  expectedVersion: expectedVersionSchema.optional(),
});

const profileRoutes = {
  putAgent: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}',
    audience: 'agent',
    summary: 'Register an agent, or replace what it says of itself',
    params: agentParams,
    query: z.strictObject({}),
    body: profileBodySchema,
    response: profileSchema,
    status: 200,
    errors: ['VersionConflict'],
    example: { body: { type: 'analyst', capabilities: ['btc-usd', 'hourly-bars'], agentVersion: '2.1.0' } },
  }),
  getAgent: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}',
    audience: 'agent',
    summary: 'An agent and its health, by the age of its last heartbeat',
    params: agentParams,
    query: z.strictObject({}),
    response: profileSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  heartbeat: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/heartbeat',
    audience: 'agent',
    summary: 'Say that the agent lives; registers one nobody knew, with type `unknown`',
    params: agentParams,
    query: z.strictObject({}),
    body: z.strictObject({}),
    response: listedAgentSchema.pick({ agentId: true, health: true, lastHeartbeatAt: true }),
    status: 200,
    errors: [],
    example: { body: {} },
  }),
  listAgents: defineRoute({
    method: 'GET',
    path: '/agents',
    audience: 'operator',
    summary: 'Every registered agent, in the order of the ids',
    params: z.strictObject({}),
    query: z.strictObject(pageQuery),
    response: pageOf(listedAgentSchema),
    status: 200,
    errors: [],
  }),
  deregisterAgent: defineRoute({
    method: 'DELETE',
    path: '/agents/{agentId}',
    audience: 'operator',
    summary:
      'Take an agent off the registry: listed no more, no target of signals, not consolidated; its data stays ' +
      'and its next write or heartbeat registers it again',
    params: agentParams,
    query: z.strictObject({}),
    response: z.object({ agentId: agentIdSchema, deregisteredAt: z.string() }),
    status: 200,
    errors: ['NotFound'],
  }),
};

export const agentRoutes = { ...profileRoutes, ...stateRoutes, ...workingRoutes };

nameSchemas({
  AgentHealth: healthSchema,
  ListedAgent: listedAgentSchema,
  Agent: profileSchema,
  NewAgent: profileBodySchema,
});
