import type * as z from 'zod';
import { SECOND_MS } from '../shared/platform/clock.ts';
import type { healthSchema } from './contract.ts';

/** `unknown`: no heartbeat since it registered. */
export type AgentHealth = z.output<typeof healthSchema>;

/** Ages of the last heartbeat, in seconds, at which an agent counts as idle, then as inactive. */
export interface HealthAges {
  readonly idleAfterSeconds: number;
  readonly inactiveAfterSeconds: number;
}

/** Health is never stored: it is a function of the last heartbeat and the clock, so it cannot be stale. */
export function healthAt(now: Date, lastHeartbeatAt: string | undefined, ages: HealthAges): AgentHealth {
  if (lastHeartbeatAt === undefined) return 'unknown';
  const ageSeconds = (now.getTime() - Date.parse(lastHeartbeatAt)) / SECOND_MS;
  if (ageSeconds < ages.idleAfterSeconds) return 'active';
  return ageSeconds < ages.inactiveAfterSeconds ? 'idle' : 'inactive';
}
