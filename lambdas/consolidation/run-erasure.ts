import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { fromRunItem, pointerKey, resultKey, runIdOfPointer, runKey, RUNS_PARTITION } from './table.ts';

/** An agent's results in the reports of runs, and the runs that were about it alone. */
export class RunErasure {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #rows: RemovableRows;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
    this.#rows = new RemovableRows(documents, 'state', table);
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for await (const pointers of this.#rows.read(RUNS_PARTITION, '', [])) {
      const runIds = pointers.map(runIdOfPointer);
      yield* this.#rows.existing(runIds.map((runId) => resultKey(runId, agentId)));
      const runs = (await getAll(this.#documents, this.#table, runIds.map(runKey))).map(fromRunItem);
      const own = runs.filter((run) => run.agentId === agentId).map(({ runId }) => runId);
      yield* this.#rows.existing(own.flatMap((runId) => [runKey(runId), pointerKey(runId)]));
    }
  }
}
