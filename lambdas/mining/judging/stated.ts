import type { CaseTable } from '../cases/case-table.ts';
import { conjunctionOf } from './explain.ts';
import { findingOf, idOf, type MinerOptions, significantOf } from './finding.ts';
import type { Significant } from './overlaps.ts';
import { sortConditions } from '../pattern-id.ts';
import { Redundancy } from './redundancy.ts';
import { explainedByTime } from './same-hours.ts';
import { isSameClaim } from './similar.ts';
import type { Condition } from '../vocabulary.ts';
import type { Finding, MiningSettings, Stated } from '../types.ts';

/** Tests stated conjunctions, each alone and without correction. The p-value decides, unless others explain the pattern. */
export function testStated(
  table: CaseTable,
  options: MinerOptions,
  settings: MiningSettings,
  stated: readonly Stated[],
  beside: readonly Stated[],
): Finding[] {
  const bitmaps = new Map<string, Uint32Array>();
  const bitmapOf = (condition: Condition): Uint32Array => {
    const name = JSON.stringify(condition);
    const bitmap = bitmaps.get(name) ?? table.bitmapOf(condition);
    bitmaps.set(name, bitmap);
    return bitmap;
  };
  const patternOf = ({ asserts, conditions }: Stated): Significant => {
    const sorted = sortConditions(conditions);
    const conjunction = conjunctionOf(table, sorted, sorted.map(bitmapOf));
    return significantOf({ asserts }, table.counts(conjunction.bitmap), conjunction);
  };
  const patterns = stated.map(patternOf);
  const rules = stated.length > 0 ? beside.map(patternOf) : [];
  const redundancy = new Redundancy(table, settings, [...rules, ...patterns]);
  return patterns.map((pattern) => {
    const { asserts, n } = pattern;
    const finding = findingOf(table, options, settings, asserts, pattern, null);
    const { pValue } = finding.numbers;
    const tooFew = n < settings.minOccurrences;
    const away = tooFew ? undefined : redundancy.explainKnown(pattern, rules, pValue);
    if (away) {
      const explainedBy = idOf(options, away.by.asserts, away.by.conditions);
      const reason = isSameClaim(pattern, away.by) ? 'same_as_other' : away.reason;
      return { ...finding, verdict: 'reject', reason, explainedBy };
    }
    if (pValue <= settings.maxQValue) return { ...finding, verdict: 'promote', reason: 'significant' };
    const byTime = explainedByTime(finding.explain.comparisons, settings.maxQValue);
    return {
      ...finding,
      verdict: 'reject',
      reason: tooFew ? 'too_few_occurrences' : (byTime ?? 'not_significant'),
    };
  });
}
