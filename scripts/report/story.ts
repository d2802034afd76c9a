import { setTimeout as sleep } from 'node:timers/promises';

/** What the page is made of, as the routes answer it. */
export interface DecisionRow {
  readonly timestamp: string;
  readonly status: 'pending' | 'success' | 'failure' | 'voided';
}

export interface PatternRow {
  readonly patternId: string;
  readonly decisionType: string;
  readonly asserts: 'success' | 'failure';
  readonly status: string;
  readonly n: number;
  readonly rate: number;
  readonly baseline: number;
  readonly confidence: number;
  readonly description: string;
}

export interface SnapshotRow {
  readonly from: string;
  readonly to: string;
  readonly openingValue: number;
  readonly finalValue: number;
  readonly trades: number;
  readonly sharpe: number | null;
  readonly definitions: { readonly startingValue: number };
}

export interface DeliveryRow {
  readonly signalType: string;
  readonly timestamp: string;
  readonly processedAt?: string;
}

export interface Story {
  readonly agentId: string;
  readonly madeAt: string;
  readonly decisions: readonly DecisionRow[];
  /** There are older decisions than those read. */
  readonly truncated: boolean;
  readonly patterns: readonly PatternRow[];
  /** Oldest first, one after the other without a gap. */
  readonly snapshots: readonly SnapshotRow[];
  readonly deliveries: readonly DeliveryRow[];
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | null;
}

const MAX_DECISIONS = 20_000;
const MAX_PATTERNS = 1_000;
const MAX_DELIVERIES = 5_000;
/** Points of the equity curve, at most: each is one request. */
const MAX_PERIODS = 60;
const ATTEMPTS = 5;
const DAY_MS = 86_400_000;

/** Days of a period, nearly: to choose one by which the curve has enough points and not too many. */
const periods = [
  ['day', 1],
  ['week', 7],
  ['month', 30.5],
  ['quarter', 91.5],
] as const;

export class ServiceError extends Error {}

/** Asks the routes of one service for one agent; the unsigned local service alone answers them. */
export class StoryTeller {
  readonly #url: string;
  readonly #fetch: typeof fetch;

  constructor(url: string, send: typeof fetch = fetch) {
    this.#url = url;
    this.#fetch = send;
  }

  /** @throws ServiceError when the service cannot be reached, or does not know the agent */
  async of(agentId: string, now: Date): Promise<Story> {
    const path = `/agents/${agentId}`;
    await this.#send('GET', path);
    const decisions = await this.#pages<DecisionRow>(`${path}/decisions`, {}, MAX_DECISIONS);
    const patterns = await this.#pages<PatternRow>(`${path}/patterns`, { status: 'all' }, MAX_PATTERNS);
    const deliveries: DeliveryRow[] = [];
    for (const status of ['PROCESSED', 'FAILED', 'IGNORED'])
      deliveries.push(...(await this.#pages<DeliveryRow>(`${path}/inbox`, { status }, MAX_DELIVERIES)).items);
    return {
      agentId,
      madeAt: now.toISOString(),
      decisions: decisions.items,
      truncated: decisions.truncated,
      patterns: patterns.items,
      snapshots: await this.#snapshots(path, decisions.items),
      deliveries,
    };
  }

  /** One for each period from the first decision to the last, all counted from the same beginning. */
  async #snapshots(path: string, decisions: readonly DecisionRow[]): Promise<SnapshotRow[]> {
    const times = decisions.map(({ timestamp }) => timestamp).sort();
    const first = times[0];
    const last = times.at(-1);
    if (first === undefined || last === undefined) return [];
    const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
    const [period] = periods.find(([, length]) => days / length <= MAX_PERIODS) ?? periods.at(-1)!;
    const snapshots: SnapshotRow[] = [];
    for (let date = first.slice(0, 10); date <= last.slice(0, 10);) {
      // All are counted from the first day of the first period, which its own answer names.
      const since = snapshots[0]?.from;
      const body = { period, date, ...(since !== undefined && { since }) };
      const snapshot = (await this.#send('POST', `${path}/snapshots`, body)) as SnapshotRow;
      snapshots.push(snapshot);
      date = new Date(Date.parse(snapshot.to) + DAY_MS).toISOString().slice(0, 10);
    }
    return snapshots;
  }

  async #pages<Item>(path: string, query: Readonly<Record<string, string>>, most: number) {
    const items: Item[] = [];
    let nextToken: string | null = null;
    do {
      const search = new URLSearchParams({ ...query, maxResults: '100', ...(nextToken && { nextToken }) });
      const page = (await this.#send('GET', `${path}?${search}`)) as Page<Item>;
      items.push(...page.items);
      nextToken = page.nextToken;
    } while (nextToken && items.length < most);
    return { items, truncated: nextToken !== null };
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#fetch(this.#url + path, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      }).catch((error: Error) => {
        throw new ServiceError(`no service answers at ${this.#url}: ${error.message}`);
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as unknown;
      if (![429, 503].includes(response.status) || attempt === ATTEMPTS)
        throw new ServiceError(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
      await sleep(100 * 2 ** attempt);
    }
  }
}
