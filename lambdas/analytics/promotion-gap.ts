import type * as z from 'zod';
import { casesNeeded } from '../mining/statistics/two-shares.ts';
import { normalQuantile } from '../mining/statistics/normal-distribution.ts';
import { levelShare } from '../mining/judging/correction.ts';
import type { MiningSettings } from '../mining/types.ts';
import type { Pattern } from '../patterns/pattern.ts';
import type { emergingPatternSchema } from '../patterns/pattern-contract.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';

/** One criterion of promotion that a pattern does not meet. */
export type Lack = ReadonlyDeep<z.output<typeof emergingPatternSchema>>['lacks'][number];
/** The decisions that a pattern needs in all and in addition, at its present rates; null when it will never do. */
export type Needed = ReadonlyDeep<z.output<typeof emergingPatternSchema>>['needs'];

/** Chance that the computed number of decisions will do, if the rate is as observed. */
const POWER = 0.8;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/**
 * The level that its own p-value has to reach. The correction multiplies a p-value by the number of possible tests, so at
 * p·(limit/q) its q would be at the limit. A q of 1 was cut off and does not tell that factor. Then the level is that of
 * one among all tests.
 */
function levelNeeded(pattern: Pattern, settings: MiningSettings, tested = 1): number {
  const { pValue, qValue } = pattern;
  const limit = limitFor(pattern, settings);
  if (qValue === null || qValue <= 0) return limit;
  return Math.min(limit, qValue < 1 ? (pValue * limit) / qValue : limit / Math.max(1, tested));
}

/** The level for the q-value. A run over mostly the same decisions may spend less of it. */
const limitFor = ({ reason }: Pattern, { maxQValue }: MiningSettings): number =>
  reason === 'level_spent' ? Number((maxQValue * levelShare(0)).toPrecision(6)) : maxQValue;

const isSignificant = (pattern: Pattern, settings: MiningSettings): boolean =>
  (pattern.qValue ?? pattern.pValue) <= limitFor(pattern, settings);

function significanceLack(pattern: Pattern, settings: MiningSettings): Lack {
  const { pValue, qValue, reason } = pattern;
  const need = limitFor(pattern, settings);
  const value = (qValue ?? pValue).toPrecision(2);
  return {
    criterion: 'significance',
    have: qValue ?? pValue,
    need,
    message:
      qValue === null
        ? `Tested alone its p-value is ${value}; it needs at most ${need}.`
        : reason === 'level_spent'
          ? `Most of its decisions were looked at before; for such a look its q-value, ${value}, needs to be at most ${need}.`
          : `Among everything tested its q-value is ${value}; it needs at most ${need}.`,
  };
}

/** The criteria that a candidate or a hypothesis does not meet by the numbers of its last run, in the order of testing. */
export function lacksOf(pattern: Pattern, settings: MiningSettings): Lack[] {
  const { n, days, confidence, baseline, recentRate, recentBaseline, explainedBy } = pattern;
  const lacks: Lack[] = [];
  if (n < settings.minOccurrences)
    lacks.push({
      criterion: 'occurrences',
      have: n,
      need: settings.minOccurrences,
      message: `It occurred ${n} times of the ${settings.minOccurrences} it needs.`,
    });
  if (days < settings.minDays)
    lacks.push({
      criterion: 'days',
      have: days,
      need: settings.minDays,
      message: `It occurred on ${days} days of the ${settings.minDays} it needs.`,
    });
  if (!(confidence > baseline))
    lacks.push({
      criterion: 'baseline',
      have: confidence,
      need: baseline,
      message: `Its lower bound, ${percent(confidence)}, is not above the ${percent(baseline)} of all decisions.`,
    });
  if (!isSignificant(pattern, settings)) lacks.push(significanceLack(pattern, settings));
  if (!(recentRate > recentBaseline) || pattern.reason === 'recent_rate_below')
    lacks.push({
      criterion: 'recent_rate',
      have: recentRate,
      need: recentBaseline,
      message:
        `In its latest third its rate is ${percent(recentRate)}, not clearly above the ` +
        `${percent(recentBaseline)} of that time.`,
    });
  if (explainedBy !== undefined || pattern.reason.startsWith('explained_by'))
    lacks.push({
      criterion: 'explained_by_other',
      have: null,
      need: null,
      message: explainedBy === undefined ? 'Others explain it.' : `${explainedBy} explains it.`,
    });
  if (pattern.reason === 'over_limit')
    lacks.push({
      criterion: 'place',
      have: null,
      need: settings.maxPromoted,
      message: `There are ${settings.maxPromoted} stronger ones, as many as are kept.`,
    });
  return lacks;
}

/**
 * The number of decisions that would make it significant and lift its lower bound above the baseline, with 80 %
 * probability. It assumes that the observed rates on both sides are right. The comparison is the one with the largest
 * p-value, because that one decides; its other side grows in proportion.
 * @param tested number of conjunctions that the last run tested
 * @see casesNeeded for the test; for the bound the usual one-sample formula, (z√(p₀q₀) + z′√(pq))²/(p − p₀)²
 */
export function neededFor(pattern: Pattern, settings: MiningSettings, tested?: number): Needed {
  const { n, rate, baseline } = pattern;
  const hardest = pattern.explain.comparisons.reduce((a, b) => (b.pValue > a.pValue ? b : a));
  const [[hits, misses], [otherHits, otherMisses]] = hardest.table;
  const others = otherHits + otherMisses;
  const never = { decisions: null, more: null, power: POWER };
  if (n === 0 || others === 0 || !(rate > baseline)) return never;
  const share = hits / (hits + misses);
  const other = otherHits / others;
  if (!(share > other)) return never;
  const test = casesNeeded(share, other, {
    level: levelNeeded(pattern, settings, tested),
    power: POWER,
    ratio: others / n,
  });
  const bound =
    (settings.wilsonZ * Math.sqrt(baseline * (1 - baseline)) +
      normalQuantile(1 - POWER) * Math.sqrt(rate * (1 - rate))) **
      2 /
    (rate - baseline) ** 2;
  const decisions = Math.max(settings.minOccurrences, test, Math.ceil(bound));
  return { decisions, more: Math.max(0, decisions - n), power: POWER };
}
