import * as z from 'zod';
import { agentIdSchema, ID_PATTERN } from './fields.ts';

/**
 * Knowledge is owned by an agent, or by all agents of a type together. No agent id contains a `:`, so both kinds of
 * owner can use the same keys.
 */
const POOL_PREFIX = 'type:';

/** Type of an agent that never registered itself. Such agents have nothing else in common. */
export const UNKNOWN_TYPE = 'unknown';

/** The owner of the knowledge that the agents of a type share. */
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
