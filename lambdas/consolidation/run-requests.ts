import { createHash } from 'node:crypto';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import type { RunRecord } from './run.ts';
import type { RunLedger } from './run-ledger.ts';

/** A scheduled run's id derives from its time, so a schedule that fires twice makes one run. */
export const scheduledRunId = (scheduledTime: string): string =>
  typedId('RUN', new Date(scheduledTime), createHash('sha256').update(`schedule ${scheduledTime}`).digest());

export interface RunRequestsParts {
  readonly ledger: RunLedger;
  readonly registry: AgentRegistry;
  readonly clock: Clock;
  readonly randomPart: RandomPart;
}

/** Makes runs. The record of a run exists before the caller has its answer and before any work on it begins. */
export class RunRequests {
  readonly #parts: RunRequestsParts;

  constructor(parts: RunRequestsParts) {
    this.#parts = parts;
  }

  /** @returns false when this schedule made its run before */
  scheduled(scheduledTime: string): Promise<boolean> {
    return this.#parts.ledger.create({
      runId: scheduledRunId(scheduledTime),
      trigger: 'schedule',
      asOf: scheduledTime,
    });
  }

  /** @throws NotFoundError for an agent that is not registered; ValidationFailedError at `asOf` */
  async byAgent(agentId: string, asOf?: string): Promise<RunRecord> {
    assertNotAhead(this.#parts.clock(), asOf, 'asOf');
    const known = await this.#parts.registry.registered([agentId]);
    if (!known.has(agentId)) throw new NotFoundError(`No agent ${agentId}`);
    return this.#create('agent', agentId, asOf);
  }

  /** @throws ValidationFailedError at `agentId` or `asOf` */
  async byOperator(agentId?: string, asOf?: string): Promise<RunRecord> {
    assertNotAhead(this.#parts.clock(), asOf, 'asOf');
    if (agentId !== undefined && !(await this.#parts.registry.registered([agentId])).has(agentId))
      throw ValidationFailedError.at('agentId', 'names no registered agent');
    return this.#create('operator', agentId, asOf);
  }

  async #create(trigger: RunRecord['trigger'], agentId?: string, asOf?: string): Promise<RunRecord> {
    const { ledger, clock, randomPart } = this.#parts;
    const now = clock();
    const runId = typedId('RUN', now, randomPart());
    await ledger.create({ runId, trigger, agentId, asOf: asOf ?? now.toISOString() });
    const run = await ledger.get(runId);
    if (!run) throw new Error(`run ${runId} is not there after it was written`);
    return run;
  }
}
