import { CaseColumns } from './cases/case-columns.ts';
import { CaseTable } from './cases/case-table.ts';
import type { Outcomes } from './judging/drift.ts';
import type { MinerOptions } from './judging/finding.ts';
import { MiningRun } from './judging/mining-run.ts';
import { forEachMatch, outcomesOf, sequencesOf, type Span } from './judging/occurrences.ts';
import { testStated } from './judging/stated.ts';
import { defaultMiningSettings } from './settings.ts';
import type { Sequence } from './statistics/sequential.ts';
import type { Features, Finding, Known, MiningResult, ResolvedCase, Stated } from './types.ts';
import type { Condition } from './vocabulary.ts';

export interface Miner {
  /** Adds one resolved decision; nothing of the raw item is kept. */
  add(resolved: ResolvedCase): void;
  /** Adds features to the case that was added as number `row`, where 0 is the first. The case has none of these paths yet. */
  extend(row: number, features: Features): void;
  /**
   * Mines everything added.
   * @param known patterns that are listed when others explain them, also when they are not among the nearest
   * @param newShare share of the cases that no earlier run has seen; see `levelShare`. Default 1
   */
  mine(known?: readonly Known[], newShare?: number): MiningResult;
  /**
   * Numbers of stated conjunctions in the same cases. Each is tested alone, without correction: for `patterns/test`,
   * for patterns that are already known, and for hypotheses.
   * @param beside patterns that stand; a stated one that they explain is rejected
   */
  test(stated: readonly Stated[], beside?: readonly Stated[]): Finding[];
  /** Visits every case that meets all conditions, oldest first. Without conditions it visits every case. */
  forEachMatch(
    conditions: readonly Condition[],
    visit: (decisionId: string, time: number, success: boolean) => void,
  ): void;
  /** The outcomes of a conjunction's decisions, one by one. */
  outcomes(stated: Stated): Outcomes;
  /** The comparisons that a conjunction has to win within a span, decision by decision; see `sequencesOf`. */
  sequences(stated: Stated, span: Span): readonly Sequence[];
}

/** A miner for the resolved decisions of one agent and type. Add each decision once, then ask. */
export function createMiner(options: MinerOptions): Miner {
  const settings = options.settings ?? defaultMiningSettings;
  const cases = new CaseColumns();
  let table: CaseTable | undefined;
  const current = (): CaseTable => (table ??= new CaseTable(cases));
  return {
    add(resolved) {
      cases.add(resolved);
      table = undefined;
    },
    extend(row, features) {
      cases.extend(row, features);
      table = undefined;
    },
    mine: (known = [], newShare = 1) => new MiningRun(current(), options, settings).result(known, newShare),
    forEachMatch: (conditions, visit) => forEachMatch(current(), conditions, visit),
    outcomes: (stated) => outcomesOf(current(), stated),
    sequences: (stated, span) => sequencesOf(current(), stated, span),
    test: (stated, beside = []) => testStated(current(), options, settings, stated, beside),
  };
}
