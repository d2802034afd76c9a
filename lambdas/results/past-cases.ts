import { extractFeatures } from '../mining/cases/features.ts';
import type { Features, MiningSettings } from '../mining/types.ts';
import type { Decision } from '../decisions/decision.ts';
import type { DecisionLog } from '../decisions/decision-log.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';

/** A decision and the paths of its context. */
export interface PastCase {
  readonly decision: Decision;
  readonly features: Features;
}

/** Number of an agent's newest decisions that are kept in memory. */
export const BUFFER_SIZE = 1000;
/** Number of agents whose cases one warm function instance keeps: about 3 MB each. */
const MAX_AGENTS = 20;
/** More missing decisions than this are read in ranges: a query adds up sizes, a read by key rounds each up to 4 KB. */
const MAX_READS_BY_KEY = 50;
/** Number of older decisions one request reads, the newest of each type. */
export const MAX_OLDER = 20_000;

const NO_SIGNALS: ReadonlySet<string> = new Set();

export function contextFeatures(
  context: Readonly<Record<string, unknown>>,
  settings: MiningSettings,
): Features {
  const timestamp = '2000-01-01T00:00:00.000Z';
  const features = new Map(
    extractFeatures({ decisionId: '', timestamp, context, signalTypes: NO_SIGNALS }, settings),
  );
  // These are features of the timestamp, not of the context.
  features.delete('time.hourBucket');
  features.delete('time.weekday');
  return features;
}

/**
 * An agent's decisions to compare with. Contexts never change, so the newest thousand stay in memory. A request lists
 * their present state (about 25 RRU) and reads only those that are new or have another outcome. The first request of an
 * instance reads all (250 RRU at 1 KB each).
 */
export class PastCases {
  readonly #log: DecisionLog;
  readonly #window: DecisionWindow;
  readonly #settings: MiningSettings;
  readonly #buffers = new Map<string, ReadonlyMap<string, PastCase>>();

  constructor(log: DecisionLog, window: DecisionWindow, settings: MiningSettings) {
    this.#log = log;
    this.#window = window;
    this.#settings = settings;
  }

  /** The newest thousand of every type and status. */
  async newest(agentId: string): Promise<PastCase[]> {
    const listed = await this.#log.newest(agentId, BUFFER_SIZE);
    const known = this.#buffers.get(agentId);
    const missing = listed.filter(({ decisionId, status, outcomeRevision }) => {
      const decision = known?.get(decisionId)?.decision;
      return decision?.status !== status || decision.outcomeRevision !== outcomeRevision;
    });
    const read =
      missing.length > MAX_READS_BY_KEY
        ? await this.#readRanges(agentId, missing)
        : await this.#log.findMany(missing);
    const fresh = new Map(read.map((decision) => [decision.decisionId, this.#caseOf(decision)]));
    const cases = listed.flatMap(({ decisionId }) => fresh.get(decisionId) ?? known?.get(decisionId) ?? []);
    this.#keep(agentId, cases);
    return cases;
  }

  /** All decisions that are stored, at most 20,000. */
  async all(
    agentId: string,
    decisionTypes: readonly string[],
  ): Promise<{ readonly cases: PastCase[]; readonly truncated: boolean }> {
    const cases: PastCase[] = [];
    let truncated = false;
    const most = Math.floor(MAX_OLDER / Math.max(1, decisionTypes.length));
    for (const decisionType of decisionTypes) {
      let left = most;
      const request = {
        agentId,
        decisionType,
        after: '1999-12-31T23:59:59.999Z',
        until: '9999-12-31T00:00:00.000Z',
      };
      for await (const page of this.#window.pages(request)) {
        const taken = page.decisions.slice(0, left);
        cases.push(...taken.map((decision) => this.#caseOf(decision)));
        left -= taken.length;
        truncated ||= taken.length < page.decisions.length;
        if (left === 0) break;
      }
    }
    return { cases, truncated };
  }

  /** By type, from the oldest to the newest of them, and all in between. */
  async #readRanges(
    agentId: string,
    wanted: readonly { readonly decisionType: string; readonly timestamp: string }[],
  ): Promise<Decision[]> {
    const spans = new Map<string, { from: string; until: string }>();
    for (const { decisionType, timestamp } of wanted) {
      const span = spans.get(decisionType);
      if (!span) spans.set(decisionType, { from: timestamp, until: timestamp });
      else if (timestamp < span.from) span.from = timestamp;
      else if (timestamp > span.until) span.until = timestamp;
    }
    const read = await Promise.all(
      [...spans].map(async ([decisionType, { from, until }]) => {
        const after = new Date(Date.parse(from) - 1).toISOString();
        const decisions: Decision[] = [];
        for await (const page of this.#window.pages({ agentId, decisionType, after, until }))
          decisions.push(...page.decisions);
        return decisions;
      }),
    );
    return read.flat();
  }

  #caseOf(decision: Decision): PastCase {
    return { decision, features: contextFeatures(decision.context, this.#settings) };
  }

  #keep(agentId: string, cases: readonly PastCase[]): void {
    this.#buffers.delete(agentId);
    if (this.#buffers.size >= MAX_AGENTS) this.#buffers.delete(this.#buffers.keys().next().value!);
    this.#buffers.set(agentId, new Map(cases.map((past) => [past.decision.decisionId, past])));
  }
}
