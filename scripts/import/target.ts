import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentRegistry } from '../../lambdas/agents/agent-registry.ts';
import {
  DecisionImport,
  type ImportResult,
  type ImportRow,
} from '../../lambdas/decisions/decision-import.ts';
import { TouchedDays } from '../../lambdas/performance/touched-days.ts';
import { type Clock, systemClock } from '../../lambdas/shared/platform/clock.ts';

/** Where imported decisions go. What became of each row comes back in their order. */
export interface ImportTarget {
  add(rows: readonly ImportRow[]): Promise<readonly ImportResult[]>;
}

/** Straight into the tables: the fastest, and the only way into a deployed service, which asks for signatures. */
export const tableTarget = (
  documents: DynamoDBDocumentClient,
  { decisions, state }: { readonly decisions: string; readonly state: string },
  clock: Clock = systemClock,
): ImportTarget =>
  new DecisionImport(
    documents,
    decisions,
    clock,
    new AgentRegistry(documents, state, clock),
    new TouchedDays(documents, state, clock),
  );

interface BatchAnswer {
  readonly items: readonly { readonly loggedAt: string }[];
  readonly failed: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

/** What a later try may mend: the row itself is not to blame. */
const PASSING: ReadonlySet<string> = new Set(['Throttled', 'Unavailable', 'Internal']);
const ATTEMPTS = 6;

/** Over the batch route of an agent. What was logged before this target was made counts as present. */
export class HttpTarget implements ImportTarget {
  readonly #url: string;
  readonly #since: string;

  constructor(url: string, now: Date) {
    this.#url = url;
    this.#since = now.toISOString();
  }

  async add(rows: readonly ImportRow[]): Promise<ImportResult[]> {
    const results: ImportResult[] = [];
    const agents = new Map<string, number[]>();
    for (const [i, { agentId }] of rows.entries()) {
      const places = agents.get(agentId);
      if (places) places.push(i);
      else agents.set(agentId, [i]);
    }
    for (const [agentId, places] of agents) await this.#addTo(agentId, places, rows, results);
    return results;
  }

  async #addTo(
    agentId: string,
    places: readonly number[],
    rows: readonly ImportRow[],
    results: ImportResult[],
  ) {
    const decisions = places.map((i) => rows[i]!.decision);
    const { items, failed } = await this.#post(agentId, decisions);
    const passing = failed.find(({ code }) => PASSING.has(code));
    if (passing) throw new Error(`the service answered ${passing.code}: ${passing.message}`);
    const reasons = new Map(failed.map(({ index, message }) => [index, message]));
    let next = 0;
    for (const [index, place] of places.entries()) {
      const reason = reasons.get(index);
      results[place] =
        reason !== undefined
          ? { status: 'rejected', reason }
          : { status: items[next++]!.loggedAt < this.#since ? 'present' : 'added' };
    }
  }

  async #post(agentId: string, decisions: readonly unknown[]): Promise<BatchAnswer> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${this.#url}/agents/${encodeURIComponent(agentId)}/decisions/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ decisions }),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as BatchAnswer;
      // Then it is the agent's id that is wrong, and with it every row.
      if (response.status === 400)
        return {
          items: [],
          failed: decisions.map((_, index) => ({
            index,
            code: 'ValidationFailed',
            message: text.slice(0, 300),
          })),
        };
      if (![429, 503].includes(response.status) || attempt === ATTEMPTS)
        throw new Error(`the service answered ${response.status}: ${text.slice(0, 300)}`);
      await sleep(100 * 2 ** attempt);
    }
  }
}
