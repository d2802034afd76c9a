import { sequencesAmong } from '../cases/agent-past.ts';
import { conditionHolds } from '../mining/cases/matching.ts';
import { PastLookup } from '../cases/past-lookup.ts';
import {
  SeenIndex,
  signalsAmong,
  verdictOf,
  type Window,
  windowAt,
  type WindowCases,
} from '../cases/window-cases.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { NotFoundError } from '../shared/errors.ts';
import type { EvidenceDigest, Pattern } from './pattern.ts';
import type { PatternStore } from './pattern-store.ts';

export interface Evidence extends EvidenceDigest {
  /** `decision`: it can still be read by its id. `digest`: only this is left of it. */
  readonly source: 'decision' | 'digest';
}

const DEFAULT_PAGE = 20;
/** DynamoDB pages of 1 MB that one answer reads at most. The next token continues after them. */
const MAX_PAGES = 5;

const orderOf = ({ timestamp, decisionId }: EvidenceDigest): string => `${timestamp}#${decisionId}`;
const DECISIONS = 'decision:';
const DIGESTS = 'digest:';

/**
 * The decisions behind a pattern's numbers. They are found as the run found them: in the window at the pattern's `asOf`,
 * by the same features and the same conditions. All pages together hold `n` decisions, unless outcomes were changed
 * since. Then come the digests of decisions older than the window.
 */
export class PatternEvidence {
  readonly #store: PatternStore;
  readonly #cases: WindowCases;

  constructor(store: PatternStore, cases: WindowCases) {
    this.#store = store;
    this.#cases = cases;
  }

  /** @throws NotFoundError */
  async list(
    agentId: string,
    patternId: string,
    { maxResults = DEFAULT_PAGE, nextToken }: { readonly maxResults?: number; readonly nextToken?: string },
  ) {
    const query = ['evidence', agentId, patternId];
    const position = decodePageToken(query, nextToken, isSortKeyPosition);
    const pattern = await this.#store.get(agentId, patternId);
    if (!pattern) throw new NotFoundError(`No pattern ${patternId}`);
    const window = windowAt(pattern.asOf);
    const items: Evidence[] = [];
    let next: string | undefined;
    if (!position?.startsWith(DIGESTS)) {
      const before = position?.slice(DECISIONS.length);
      const end = await this.#decisions(pattern, window, before, maxResults, items);
      next = end === undefined ? undefined : `${DECISIONS}${end}`;
    }
    if (next === undefined) {
      const before = position?.startsWith(DIGESTS) ? position.slice(DIGESTS.length) : '~';
      const digests = (await this.#store.digests(agentId, patternId)).filter(
        (digest) => digest.timestamp <= window.after && orderOf(digest) < before,
      );
      const shown = digests.slice(0, maxResults - items.length);
      items.push(...shown.map((digest) => ({ ...digest, source: 'digest' as const })));
      const last = shown.at(-1);
      if (shown.length < digests.length) next = `${DIGESTS}${last ? orderOf(last) : '~'}`;
    }
    return { items, nextToken: next === undefined ? null : encodePageToken(query, next) };
  }

  /** Adds matches to `items` until there are `limit`. @returns the last one looked at; undefined at the window's end */
  async #decisions(
    { agentId, decisionType, conditions, asOf, n }: Pattern,
    window: Window,
    before: string | undefined,
    limit: number,
    items: Evidence[],
  ): Promise<string | undefined> {
    const rest = before === undefined ? window : { ...window, until: before.split('#')[0]! };
    // A pattern that never occurred has no match, and reading other agents' decisions for it would be in vain.
    if (n === 0) return undefined;
    const paths = conditions.map(({ path }) => path);
    const signals = signalsAmong(paths);
    const seen = signals.length > 0 ? await this.#cases.seenIn(agentId, rest, paths) : new SeenIndex();
    const past = new PastLookup(this.#cases, agentId, sequencesAmong(paths), rest.until);
    let pages = 0;
    let last: string | undefined;
    for await (const page of this.#cases.pages(agentId, decisionType, rest)) {
      for (const decision of page.decisions) {
        const { decisionId, timestamp, action } = decision;
        const order = `${timestamp}#${decisionId}`;
        if (before !== undefined && order >= before) continue;
        if (items.length === limit) return last;
        last = order;
        const status = verdictOf(decision, asOf);
        if (!status) continue;
        const time = Date.parse(timestamp);
        await past.readFor(time);
        const features = new Map([
          ...this.#cases.featuresOf(decision, seen, signals),
          ...past.featuresAt(time, decision.parent),
        ]);
        if (!conditions.every((condition) => conditionHolds(condition, features))) continue;
        items.push({
          decisionId,
          timestamp,
          status,
          ...(action !== undefined && { action }),
          source: 'decision',
        });
      }
      if (++pages >= MAX_PAGES && last !== undefined) return last;
    }
    return undefined;
  }
}
