import { CaseReading, type ReadCases } from '../cases/case-reading.ts';
import {
  effectsByPattern,
  type EffectVerdict,
  MemoryUses,
  overallEffect,
  type UsedCases,
  effectVerdict,
} from '../mining/judging/memory-effect.ts';
import { createMiner } from '../mining/mine.ts';
import {
  type SeenIndex,
  type Window,
  WINDOW_DAYS,
  windowAt,
  type WindowCases,
} from '../cases/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';
import type { MemoryEffect } from '../mining/vocabulary.ts';
import type { Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { sha256 } from '../shared/platform/ids.ts';
import type { MemoryEffectRequest } from './contract.ts';
import type { DecisionReader } from './decision-reader.ts';

export interface UsedPattern
  extends MemoryEffect, Pick<Pattern, 'patternId' | 'decisionType' | 'asserts' | 'status' | 'description'> {
  readonly verdict: EffectVerdict;
}

/** An agent's decisions of one type, with its patterns for them. */
type UsedOfType = Omit<UsedCases, 'patterns'> & { readonly patterns: readonly Pattern[] };

/** Patterns that an agent may have been shown for decisions of a type: all but candidates. */
const usablePatterns = (patterns: readonly Pattern[], decisionType: string): Pattern[] =>
  patterns.filter((pattern) => pattern.decisionType === decisionType && pattern.status !== 'candidate');

/**
 * Takes decisions of one type one by one, to compare those that used memory with those that did not. It leaves out their
 * earlier decisions, so no pattern on sequences holds for them.
 */
export class UseCollector implements UsedCases {
  readonly #source: WindowCases;
  readonly #seen: SeenIndex;
  readonly #asOf: string;
  readonly cases;
  readonly uses = new MemoryUses();
  readonly patterns: readonly Pattern[];

  constructor(
    agentId: string,
    decisionType: string,
    patterns: readonly Pattern[],
    source: WindowCases,
    seen: SeenIndex,
    { until }: Window,
  ) {
    this.#source = source;
    this.#seen = seen;
    this.#asOf = until;
    this.patterns = usablePatterns(patterns, decisionType);
    this.cases = createMiner({ agentId, decisionType, settings: source.settings, hash: sha256 });
  }

  add(decision: Decision): void {
    const resolved = this.#source.caseOf(decision, this.#seen, this.#asOf);
    if (!resolved) return;
    this.cases.add(resolved);
    this.uses.add(decision.decisionId, decision.reasoning?.patternsApplied, decision.patternsShown);
  }
}

/** Did memory help? Measures the effect of using patterns on an agent's decisions; see mining/judging/memory-effect.ts. */
export class MemoryEffects {
  readonly #reader: DecisionReader;
  readonly #store: PatternStore;
  readonly #clock: Clock;

  constructor(reader: DecisionReader, store: PatternStore, clock: Clock) {
    this.#reader = reader;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Computed from the decisions of the window, as they were known at `asOf`. The nightly run stores the same numbers with
   * each pattern. Patterns that no decision used are not listed. The most applied come first.
   *
   * @throws ValidationFailedError for a pattern the agent does not have (of that type), or too many decisions
   */
  async measure(agentId: string, request: MemoryEffectRequest) {
    const now = this.#clock();
    assertNotAhead(now, request.asOf, 'asOf');
    const { asOf = now.toISOString(), windowDays = WINDOW_DAYS, patternId, decisionType } = request;
    const stored = (await this.#store.ofAgent(agentId)).filter(
      (pattern) =>
        (patternId === undefined || pattern.patternId === patternId) &&
        (decisionType === undefined || pattern.decisionType === decisionType),
    );
    if (patternId !== undefined && stored.length === 0)
      throw ValidationFailedError.at('patternId', 'is no pattern of this agent and type');
    const window = windowAt(asOf, windowDays);
    const { cases, maxDecisions } = this.#reader;
    const paths = stored.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const reading = new CaseReading(cases, agentId, window, paths, maxDecisions);
    const seen = await reading.seen();
    const types: UsedOfType[] = [];
    let decisions = 0;
    const reads: ReadCases[] = [];
    const asked = decisionType ?? (patternId === undefined ? undefined : stored[0]!.decisionType);
    for (const type of await this.#reader.types(agentId, asked)) {
      const patterns = usablePatterns(stored, type);
      // Without a pattern there is no situation in which to compare.
      if (patterns.length === 0) continue;
      const read = await reading.read(type, seen, reading.asksOf(type));
      decisions += read.decisions;
      if (read.truncated || decisions > maxDecisions)
        throw ValidationFailedError.at(
          'windowDays',
          `covers more than ${maxDecisions} decisions; ask for less`,
        );
      reads.push(read);
      types.push({ cases: read.miner, uses: read.uses, patterns });
    }
    await reading.readAsked();
    for (const read of reads) reading.complete(read);
    return {
      agentId,
      asOf,
      windowDays,
      overall: overallEffect(types),
      items: types.flatMap(usedPatterns).sort(mostAppliedFirst),
    };
  }
}

const usedPatterns = ({ cases, uses, patterns }: UsedOfType): UsedPattern[] => {
  const effects = effectsByPattern(cases, uses, patterns);
  return patterns.flatMap(({ patternId, decisionType, asserts, status, description }) => {
    const effect = effects.get(patternId);
    return effect
      ? [{ patternId, decisionType, asserts, status, description, ...effect, verdict: effectVerdict(effect) }]
      : [];
  });
};

const usesOf = ({ applied, shown }: MemoryEffect): number => (applied ?? shown)?.with.n ?? 0;

const mostAppliedFirst = (a: UsedPattern, b: UsedPattern): number =>
  usesOf(b) - usesOf(a) || (a.patternId < b.patternId ? -1 : 1);
