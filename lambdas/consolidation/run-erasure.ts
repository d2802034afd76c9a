import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { fromRunItem, pointerKey, resultKey, runIdOfPointer, runKey, RUNS_PARTITION } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** An agent's results in the reports of runs, and the runs that were about it alone. */
export class RunErasure {
  readonly #table: Table;
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#table = table;
    this.#rows = new RemovableRows(table.documents, 'state', table.name);
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for await (const pointers of this.#rows.read(RUNS_PARTITION, '', [])) {
      const runIds = pointers.map(runIdOfPointer);
      yield* this.#rows.existing(runIds.map((runId) => resultKey(runId, agentId)));
      const runs = (await getAll(this.#table.documents, this.#table.name, runIds.map(runKey))).map(
        fromRunItem,
      );
      const own = runs.filter((run) => run.agentId === agentId).map(({ runId }) => runId);
      yield* this.#rows.existing(own.flatMap((runId) => [runKey(runId), pointerKey(runId)]));
    }
  }
}
