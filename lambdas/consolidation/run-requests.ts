import { createHash } from 'node:crypto';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import type { RunRecord } from './run.ts';
import type { RunLedger } from './run-ledger.ts';

/** A scheduled run's id is made of its time, so a schedule that fires twice makes one run. */
export const scheduledRunId = (scheduledTime: string): string =>
  typedId('RUN', new Date(scheduledTime), createHash('sha256').update(`schedule ${scheduledTime}`).digest());

/** Makes runs: their record exists before anybody is told of them or works on them. */
export class RunRequests {
  readonly #ledger: RunLedger;
  readonly #registry: AgentRegistry;
  readonly #clock: Clock;
  readonly #randomPart: RandomPart;

  constructor(ledger: RunLedger, registry: AgentRegistry, clock: Clock, randomPart: RandomPart) {
    this.#ledger = ledger;
    this.#registry = registry;
    this.#clock = clock;
    this.#randomPart = randomPart;
  }

  /** @returns false when this schedule has made its run before */
  scheduled(scheduledTime: string): Promise<boolean> {
    return this.#ledger.create({
      runId: scheduledRunId(scheduledTime),
      trigger: 'schedule',
      asOf: scheduledTime,
    });
  }

  /** @throws NotFoundError for an agent that is not registered; ValidationFailedError at `asOf` */
  async byAgent(agentId: string, asOf?: string): Promise<RunRecord> {
    assertNotAhead(this.#clock(), asOf, 'asOf');
    const known = await this.#registry.registered([agentId]);
    if (!known.has(agentId)) throw new NotFoundError(`No agent ${agentId}`);
    return this.#create('agent', agentId, asOf);
  }

  /** @throws ValidationFailedError at `agentId` or `asOf` */
  async byOperator(agentId?: string, asOf?: string): Promise<RunRecord> {
    assertNotAhead(this.#clock(), asOf, 'asOf');
    if (agentId !== undefined && !(await this.#registry.registered([agentId])).has(agentId))
      throw ValidationFailedError.at('agentId', 'names no registered agent');
    return this.#create('operator', agentId, asOf);
  }

  async #create(trigger: RunRecord['trigger'], agentId?: string, asOf?: string): Promise<RunRecord> {
    const now = this.#clock();
    const runId = typedId('RUN', now, this.#randomPart());
    await this.#ledger.create({ runId, trigger, agentId, asOf: asOf ?? now.toISOString() });
    const run = await this.#ledger.get(runId);
    if (!run) throw new Error(`run ${runId} is not there after it was written`);
    return run;
  }
}
