import * as z from 'zod';
import { agentIdSchema, ID_PATTERN } from './fields.ts';

/**
 * Who owns what was learned: an agent, or all agents of a type together. No agent id holds a `:`, so the two can stand
 * in the same keys and never meet.
 */
const POOL_PREFIX = 'type:';

/** A profile nobody put has this type; such agents have nothing in common but that. */
export const UNKNOWN_TYPE = 'unknown';

/** The owner of what the agents of a type know together. */
export const poolOf = (agentType: string): string => `${POOL_PREFIX}${agentType}`;

/** The type whose agents own it; undefined when an agent does. */
export const typeOfPool = (owner: string): string | undefined =>
  owner.startsWith(POOL_PREFIX) ? owner.slice(POOL_PREFIX.length) : undefined;

const poolSchema = z
  .string()
  .refine(
    (text) => ID_PATTERN.test(typeOfPool(text) ?? ''),
    'must be an agent id, or type: and an agent type',
  );

export const ownerSchema = z.union([agentIdSchema, poolSchema]).meta({ example: 'market-hunter' });
