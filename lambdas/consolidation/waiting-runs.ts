import { allOf, changes, isPresent, isVacant, says } from '../shared/dynamodb/expressions.ts';
import type { Table, TransactAction } from '../shared/dynamodb/table.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { progressOf, type RunRecord } from './run.ts';
import { fromRunItem, runKey, toWaitingRunItem, waitingRunKey } from './table.ts';

/**
 * How old a run may be that is joined. One that waits for longer may have lost its message to the dead-letter queue, and a
 * request must not wait with it.
 */
const JOINABLE_MS = 15 * MINUTE_MS;

/**
 * The run that an agent asked for and no worker has begun: what the agent asks for meanwhile becomes part of it. A run
 * begins by one update of its row, and so is it joined: a request that comes too late sees that, and is never lost.
 */
export class WaitingRuns {
  readonly #table: Table;

  /** @param table `agent_state` */
  constructor(table: Table) {
    this.#table = table;
  }

  /** Id of the run that was waiting when it was last put; it may have begun since. 1 read unit. */
  async find(agentId: string): Promise<string | undefined> {
    const item = await this.#table.get(waitingRunKey(agentId));
    return item && String(item['runId']);
  }

  /** Action that makes a new run the waiting one. It fails when another was put since. @param before as found */
  put(agentId: string, runId: string, before: string | undefined): TransactAction {
    const now = this.#table.clock();
    return this.#table.actions.put(
      toWaitingRunItem(agentId, runId, now),
      before === undefined ? isVacant(now) : says({ runId: before }),
    );
  }

  /**
   * Lets a run that waits look at the world as of now. 1 write unit.
   * @returns the run; undefined when it waits no more, or is gone
   */
  async join(runId: string): Promise<RunRecord | undefined> {
    const now = this.#table.clock();
    const asOf = now.toISOString();
    const since = new Date(now.getTime() - JOINABLE_MS).toISOString();
    const { item, failed } = await this.#table.update(runKey(runId), changes({ set: { asOf } }), {
      condition: allOf(isPresent, says({ planningAt: undefined, lastResultAt: undefined }), {
        expression: '#asOf < :asOf AND #startedAt > :since',
        names: { '#asOf': 'asOf', '#startedAt': 'startedAt' },
        values: { ':asOf': asOf, ':since': since },
      }),
      returns: 'ALL_NEW',
    });
    const found = failed ? failed.item : item;
    if (!found) return undefined;
    // Where the condition failed and the run waits, its `asOf` is as new already.
    const run = fromRunItem(found);
    return progressOf(run, now).status === 'PENDING' && run.startedAt > since ? run : undefined;
  }
}
