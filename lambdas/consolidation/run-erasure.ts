import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { fromRunItem, pointerKey, resultKey, runIdOfPointer, runKey, RUNS_PARTITION } from './table.ts';

/** An agent's results in the reports of runs, and the runs of that agent alone. */
export class RunErasure {
  readonly #table: Table;
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#table = table;
    this.#rows = new RemovableRows(table, 'state');
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for await (const pointers of this.#rows.read(RUNS_PARTITION, '', [])) {
      const runIds = pointers.map(runIdOfPointer);
      yield* this.#rows.existing(runIds.map((runId) => resultKey(runId, agentId)));
      const runs = await this.#table.getAll(runIds.map(runKey), { keepExpired: true });
      const own = runs.map(fromRunItem).filter((run) => run.agentId === agentId);
      yield* this.#rows.existing(own.flatMap(({ runId }) => [runKey(runId), pointerKey(runId)]));
    }
  }
}
