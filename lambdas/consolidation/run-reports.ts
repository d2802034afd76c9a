import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { NotFoundError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { RunView } from './contract.ts';
import { expectedOf, progressOf, type RunRecord } from './run.ts';
import type { RunLedger } from './run-ledger.ts';

export interface PageRequest {
  readonly maxResults?: number;
  readonly nextToken?: string;
}

const DEFAULT_PAGE = 20;

/** Runs and their reports as the API shows them. */
export class RunReports {
  readonly #ledger: RunLedger;
  readonly #clock: Clock;

  constructor(ledger: RunLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  view(run: RunRecord): RunView {
    const { runId, trigger, agentId, asOf, startedAt, consolidated, skipped, failed, totals } = run;
    return {
      runId,
      ...progressOf(run, this.#clock()),
      trigger,
      ...(agentId !== undefined && { agentId }),
      asOf,
      startedAt,
      progress: { expected: expectedOf(run) ?? null, consolidated, skipped, failed },
      report: { totals },
    };
  }

  async list({ maxResults = DEFAULT_PAGE, nextToken }: PageRequest) {
    const query = ['runs'];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const { runs, last } = await this.#ledger.list(maxResults, after);
    return {
      items: runs.map((run) => this.view(run)),
      nextToken: last === undefined ? null : encodePageToken(query, last),
    };
  }

  /** @throws NotFoundError */
  async get(runId: string, { maxResults = DEFAULT_PAGE, nextToken }: PageRequest) {
    const query = ['run', runId];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const run = await this.#ledger.get(runId);
    if (!run) throw new NotFoundError(`No run ${runId}`);
    const { results, last } = await this.#ledger.results(runId, maxResults, after);
    const view = this.view(run);
    const agents = new AnswerRoom().takeLeading(results, maxResults);
    const end = agents.length < results.length ? agents.at(-1)!.agentId : last;
    return {
      ...view,
      report: { ...view.report, agents },
      nextToken: end === undefined ? null : encodePageToken(query, end),
    };
  }
}
