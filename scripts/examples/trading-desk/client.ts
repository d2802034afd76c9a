import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../../lambdas/decisions/decision.ts';
import type { Pattern, PatternStatus } from '../../../lambdas/patterns/pattern.ts';

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | null;
}

interface Batch<Item> {
  readonly items: readonly Item[];
  readonly failed: readonly { readonly index: number; readonly code: string; readonly message: string }[];
}

export interface NewDecision {
  readonly decisionType: string;
  readonly timestamp: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly reasoning: unknown;
  readonly parent?: { readonly agentId: string; readonly decisionId: string };
  readonly triggeredBySignals?: readonly string[];
}

export interface Delivery {
  readonly signalId: string;
  readonly signalType: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Run {
  readonly runId: string;
  readonly status: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly report?: {
    readonly totals?: Readonly<Record<string, number>>;
    readonly agents?: readonly {
      readonly agentId: string;
      readonly result: string;
      readonly error?: string;
    }[];
  };
}

const MAX_ROWS = 100;
const ATTEMPTS = 6;

/** The service as its clients see it: HTTP and JSON. Waits when it is asked to; any other refusal is an error. */
export class ServiceClient {
  readonly #url: string;
  requests = 0;

  constructor(url: string) {
    this.#url = url;
  }

  putAgent(agentId: string, agentType: string, capabilities: readonly string[]): Promise<unknown> {
    return this.#send('PUT', `/agents/${agentId}`, { type: agentType, capabilities, agentVersion: '1.0.0' });
  }

  async knowsAgent(agentId: string): Promise<boolean> {
    const { status } = await fetch(`${this.#url}/agents/${agentId}`);
    return status === 200;
  }

  subscribe(agentId: string, signalTypes: readonly string[]): Promise<unknown> {
    return this.#send('PUT', `/agents/${agentId}/subscriptions`, { signalTypes });
  }

  /** Ids in the order of the decisions. */
  async logDecisions(agentId: string, decisions: readonly NewDecision[]): Promise<string[]> {
    const path = `/agents/${agentId}/decisions/batch`;
    const logged = await this.#rows<{ decisionId: string }>(path, 'decisions', decisions);
    return logged.map(({ decisionId }) => decisionId);
  }

  async recordOutcomes(
    agentId: string,
    outcomes: readonly (Outcome & { readonly decisionId: string })[],
  ): Promise<void> {
    await this.#rows(`/agents/${agentId}/outcomes/batch`, 'outcomes', outcomes);
  }

  async publish(agentId: string, signal: Readonly<Record<string, unknown>>): Promise<string> {
    const { signalId } = await this.#send<{ signalId: string }>('POST', `/agents/${agentId}/signals`, signal);
    return signalId;
  }

  /** Everything open; reading it takes nothing out. */
  peekInbox(agentId: string): Promise<Delivery[]> {
    return this.#pages<Delivery>(`/agents/${agentId}/inbox`, { status: 'PENDING' });
  }

  /** @returns after a claim, its `leaseId` */
  acknowledge(
    agentId: string,
    signalId: string,
    ack: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly leaseId?: string }> {
    return this.#send('POST', `/agents/${agentId}/inbox/${signalId}/ack`, ack);
  }

  /** Consolidates as of a moment and waits until it is done. @param agentId one agent; without, all */
  async consolidate(asOf: string, agentId?: string): Promise<Run> {
    const { runId } = await this.#send<Run>('POST', '/consolidations', { asOf, ...(agentId && { agentId }) });
    for (;;) {
      const run = await this.#send<Run>('GET', `/consolidations/${runId}`);
      if (run.status === 'SUCCEEDED') return run;
      if (run.status === 'FAILED')
        throw new Error(`consolidation ${runId} failed: ${JSON.stringify(run.report?.agents)}`);
      await sleep(50);
    }
  }

  patterns(agentId: string, status: PatternStatus): Promise<Pattern[]> {
    return this.#pages<Pattern>(`/agents/${agentId}/patterns`, { status });
  }

  statePattern(agentId: string, patternId: string, statement: unknown): Promise<Pattern> {
    return this.#send('PUT', `/agents/${agentId}/patterns/${patternId}`, statement);
  }

  pattern(agentId: string, patternId: string): Promise<Pattern> {
    return this.#send('GET', `/agents/${agentId}/patterns/${patternId}`);
  }

  async #rows<Item>(path: string, name: string, rows: readonly unknown[]): Promise<Item[]> {
    const done: Item[] = [];
    for (let from = 0; from < rows.length; from += MAX_ROWS) {
      const batch = await this.#send<Batch<Item>>('POST', path, {
        [name]: rows.slice(from, from + MAX_ROWS),
      });
      const [failure] = batch.failed;
      if (failure)
        throw new Error(`${path}, row ${from + failure.index}: ${failure.code} ${failure.message}`);
      done.push(...batch.items);
    }
    return done;
  }

  async #pages<Item>(path: string, query: Readonly<Record<string, string>>): Promise<Item[]> {
    const items: Item[] = [];
    let nextToken: string | null = null;
    do {
      const search = new URLSearchParams({
        ...query,
        maxResults: String(MAX_ROWS),
        ...(nextToken && { nextToken }),
      });
      const page: Page<Item> = await this.#send('GET', `${path}?${search}`);
      items.push(...page.items);
      nextToken = page.nextToken;
    } while (nextToken);
    return items;
  }

  async #send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      this.requests++;
      const response = await fetch(this.#url + path, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as Answer;
      if (![429, 503].includes(response.status) || attempt === ATTEMPTS)
        throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
      await sleep(100 * 2 ** attempt);
    }
  }
}
