import { createHash } from 'node:crypto';
import type { AgentRegistry } from '../agents/agent-registry.ts';
import { NotFoundError, UnavailableError, ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import type { TokenAnswers, TokenRequest } from '../shared/token-answers.ts';
import type { RunRecord } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { WaitingRuns } from './waiting-runs.ts';

/** Tokens of runs are apart from those of other routes. */
const ROUTE = 'consolidations';

/** A scheduled run's id derives from its time, so a schedule that fires twice makes one run. */
export const scheduledRunId = (scheduledTime: string): string =>
  typedId('RUN', new Date(scheduledTime), createHash('sha256').update(`schedule ${scheduledTime}`).digest());

/** The answer that is kept for a clientToken. */
interface StartedRun {
  readonly runId: string;
}

export interface RunRequestsParts {
  readonly ledger: RunLedger;
  readonly registry: AgentRegistry;
  readonly waiting: WaitingRuns;
  readonly answers: TokenAnswers<StartedRun>;
  readonly clock: Clock;
  readonly randomPart: RandomPart;
}

interface RunRequest {
  /** @default now */
  readonly asOf?: string | undefined;
  /** A repeat gets the run of the first request. */
  readonly clientToken?: string | undefined;
}

/** A validated request for a run. */
interface Wanted {
  readonly trigger: 'agent' | 'operator';
  readonly agentId: string | undefined;
  readonly asOf: string | undefined;
  readonly token: TokenRequest | undefined;
}

/** Tries while other requests start runs of the same agent, or use the same token. */
const ATTEMPTS = 5;

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

  /**
   * A run of one agent. Without a stated `asOf` it is the agent's run that waits, if there is one, which then looks at
   * now. 2 read units, and 1 write unit to join or 6 to make a run; with a token 1 read unit and 2 write units more.
   *
   * @throws NotFoundError for an agent that is not registered; ValidationFailedError at `asOf`
   * @throws IdempotencyMismatchError when the token came with another `asOf`
   */
  async byAgent(agentId: string, { asOf, clientToken }: RunRequest = {}): Promise<RunRecord> {
    assertNotAhead(this.#parts.clock(), asOf, 'asOf');
    const token =
      clientToken === undefined ? undefined : { agentId, route: ROUTE, clientToken, payload: { asOf } };
    return this.#start({ trigger: 'agent', agentId, asOf, token }, async () => {
      const known = await this.#parts.registry.registered([agentId]);
      if (!known.has(agentId)) throw new NotFoundError(`No agent ${agentId}`);
    });
  }

  /**
   * A run of one agent, or of all.
   * @throws ValidationFailedError at `agentId` or `asOf`
   * @throws IdempotencyMismatchError when the token came with another payload
   */
  async byOperator(agentId: string | undefined, { asOf, clientToken }: RunRequest = {}): Promise<RunRecord> {
    assertNotAhead(this.#parts.clock(), asOf, 'asOf');
    const token =
      clientToken === undefined ? undefined : { route: ROUTE, clientToken, payload: { agentId, asOf } };
    return this.#start({ trigger: 'operator', agentId, asOf, token }, async () => {
      if (agentId !== undefined && !(await this.#parts.registry.registered([agentId])).has(agentId))
        throw ValidationFailedError.at('agentId', 'names no registered agent');
    });
  }

  /** @param check throws when there can be no such run; a repeat needs none */
  async #start(wanted: Wanted, check: () => Promise<void>): Promise<RunRecord> {
    const { answers, ledger } = this.#parts;
    const { token } = wanted;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const earlier = token && (await answers.find(token));
      const first = earlier && (await ledger.get(earlier.runId));
      if (first) return first;
      if (attempt === 1) await check();
      const run = await this.#joinOrCreate(wanted, earlier);
      if (run) return run;
    }
    throw new UnavailableError('Other requests started runs of this agent meanwhile; retry');
  }

  /**
   * @param gone a run that the token stood for and that is no more
   * @returns undefined when another request came first: then look again
   */
  async #joinOrCreate(
    { trigger, agentId, asOf, token }: Wanted,
    gone: StartedRun | undefined,
  ): Promise<RunRecord | undefined> {
    const { ledger, clock, randomPart, waiting, answers } = this.#parts;
    const waiter = trigger === 'agent' && asOf === undefined ? agentId : undefined;
    const before = waiter === undefined ? undefined : await waiting.find(waiter);
    const joined = before === undefined ? undefined : await waiting.join(before);
    // Killed before the token is noted, the repeat joins again, or makes a run: no answer was given.
    if (joined)
      return !token || (await answers.save(token, { runId: joined.runId }, gone)) ? joined : undefined;
    const now = clock();
    const runId = typedId('RUN', now, randomPart());
    const isMade = await ledger.create({ runId, trigger, agentId, asOf: asOf ?? now.toISOString() }, [
      ...(waiter === undefined ? [] : [waiting.put(waiter, runId, before)]),
      ...(token ? [answers.put(token, { runId }, gone)] : []),
    ]);
    return isMade ? ledger.get(runId) : undefined;
  }
}
