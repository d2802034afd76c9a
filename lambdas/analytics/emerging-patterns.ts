import type { MiningSettings } from '../mining/types.ts';
import type { RunLedger } from '../consolidation/run-ledger.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { isPosition, type PatternSummary, type Position, summaryOf } from '../patterns/pattern-catalog.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { EmergingRequest } from './contract.ts';
import { type Lack, lacksOf, type Needed, neededFor } from './promotion-gap.ts';

export type EmergingPattern = PatternSummary & { readonly lacks: readonly Lack[]; readonly needs: Needed };

const DEFAULT_PAGE = 20;

/** Sorted by q-value, or by p-value where the pattern was tested alone. */
const positionOf = ({ qValue, pValue, patternId }: Pattern): Position => [qValue ?? pValue, patternId];

const compare = ([a, x]: Position, [b, y]: Position): number => a - b || (x < y ? -1 : x > y ? 1 : 0);

/** Lists candidates and open hypotheses, nearest to promotion first. */
export class EmergingPatterns {
  readonly #store: PatternStore;
  readonly #ledger: RunLedger;
  readonly #settings: MiningSettings;

  constructor(store: PatternStore, ledger: RunLedger, settings: MiningSettings) {
    this.#store = store;
    this.#ledger = ledger;
    this.#settings = settings;
  }

  async list(agentId: string, { decisionType, maxResults = DEFAULT_PAGE, nextToken }: EmergingRequest) {
    const query = ['emerging', agentId, decisionType ?? null];
    const after = decodePageToken(query, nextToken, isPosition);
    const found = (await this.#store.ofAgent(agentId))
      .filter(
        (pattern) =>
          (pattern.status === 'candidate' || pattern.status === 'hypothesis') &&
          (decisionType === undefined || pattern.decisionType === decisionType) &&
          (after === undefined || compare(positionOf(pattern), after) > 0),
      )
      .sort((a, b) => compare(positionOf(a), positionOf(b)));
    const tested = await this.#tested(agentId);
    const view = (pattern: Pattern) => this.#view(pattern, tested.get(pattern.decisionType));
    const page = new AnswerRoom().takeLeading(found, maxResults, view);
    return {
      items: page.map(view),
      nextToken: found.length > page.length ? encodePageToken(query, positionOf(page.at(-1)!)) : null,
    };
  }

  #view(pattern: Pattern, tested: number | undefined): EmergingPattern {
    const lacks = lacksOf(pattern, this.#settings);
    return { ...summaryOf(pattern), lacks, needs: neededFor(pattern, this.#settings, tested) };
  }

  /** Number of conjunctions that the agent's last run tested, by decision type: two small reads. */
  async #tested(agentId: string): Promise<Map<string, number>> {
    const lastRun = (await this.#ledger.lastRuns([agentId])).get(agentId);
    const result = lastRun && (await this.#ledger.result(lastRun.runId, agentId));
    return new Map((result?.report?.types ?? []).map(({ decisionType, tested }) => [decisionType, tested]));
  }
}
