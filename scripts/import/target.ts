import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentRegistry } from '../../lambdas/agents/agent-registry.ts';
import {
  DecisionImport,
  type ImportResult,
  type ImportRow,
} from '../../lambdas/decisions/decision-import.ts';
import { ChangedDays } from '../../lambdas/decisions/changed-days.ts';
import { type Clock, systemClock } from '../../lambdas/shared/platform/clock.ts';
import { Table } from '../../lambdas/shared/dynamodb/table.ts';

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
    new Table(documents, decisions, clock),
    new AgentRegistry(new Table(documents, state, clock)),
    new ChangedDays(new Table(documents, state, clock)),
  );

interface BatchAnswer {
  readonly items: readonly { readonly loggedAt: string }[];
  readonly failed: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

/** What a later try may mend: the row itself is not to blame. */
const PASSING: ReadonlySet<string> = new Set(['Throttled', 'Unavailable', 'Internal']);
const ATTEMPTS = 6;

/**
 * Over the batch route of an agent. What was logged before this target was made counts as present. Rows that are too
 * large together are sent in halves; one that is too large alone is rejected.
 */
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
    const answer = await this.#post(agentId, decisions);
    if (answer === 'too large') {
      const half = places.length >> 1;
      await this.#addTo(agentId, places.slice(0, half), rows, results);
      await this.#addTo(agentId, places.slice(half), rows, results);
      return;
    }
    const { items, failed } = answer;
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

  async #post(agentId: string, decisions: readonly unknown[]): Promise<BatchAnswer | 'too large'> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${this.#url}/agents/${encodeURIComponent(agentId)}/decisions/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ decisions }),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as BatchAnswer;
      if (response.status === 413 && decisions.length > 1) return 'too large';
      // A 400 is about the agent's id, and with it every row; a 413 about the one row there is.
      if (response.status === 400 || response.status === 413)
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
