import * as z from 'zod';
import { ID_PATTERN } from './fields.ts';

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

export const ownerSchema = z
  .string()
  .refine(
    (text) => ID_PATTERN.test(typeOfPool(text) ?? text),
    'must be an agent id, or type: and an agent type',
  )
  .meta({ example: 'market-hunter', pattern: '^(type:)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' });
