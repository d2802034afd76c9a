import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { conditionText } from './condition-text.ts';
import { type StatedResult, statedPart } from './hypotheses.ts';
import { type Check, type Claim, tallyOf } from './out-of-sample.ts';
import type { ThumbRule } from './rule-of-thumb.ts';
import type { Totals } from './simulation.ts';

export interface Checked<Rule> {
  readonly rule: Rule;
  readonly check: Check;
}

export interface DemoResult {
  /** Where the prices come from, in words. */
  readonly market: string;
  /** What is really true in it, when that is known. */
  readonly truth?: string;
  readonly learned: { readonly from: string; readonly to: string; readonly days: number };
  readonly tested: { readonly days: number };
  readonly totals: Totals;
  /** Conjunctions tested in the last night. */
  readonly conjunctions?: number;
  /** The hypotheses stated on the first day, and what became of them. */
  readonly stated: readonly StatedResult[];
  readonly promoted: readonly Checked<Pattern>[];
  /** The nearest of what was not promoted, by q-value. */
  readonly candidates: readonly Pattern[];
  readonly thumb: readonly Checked<ThumbRule>[];
  readonly seconds: number;
  readonly requests: number;
}

/** Significance a pattern needs to be promoted. */
const MAX_Q = defaultMiningSettings.maxQValue;

const count = (value: number) => value.toLocaleString('en-US');
const share = (value: number) => value.toFixed(3);
const probability = (value: number | null) =>
  value === null ? '–' : value < 0.001 ? value.toExponential(1) : value.toFixed(4);
const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const claimText = ({ decisionType, asserts, conditions }: Claim): string =>
  `${decisionType}: ${conditions.map(conditionText).join(' and ')} → ${asserts}`;

type Column = readonly [title: string, align: 'left' | 'right'];

function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(([title], i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]![1] === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(columns.map(([title]) => title)), ...rows.map(line)].map((text) => `  ${text}`);
}

const learnedColumns: readonly Column[] = [
  ['pattern', 'left'],
  ['n', 'right'],
  ['rate', 'right'],
  ['lower bound', 'right'],
  ['baseline', 'right'],
  ['q', 'right'],
];
const learnedRow = (pattern: Pattern): string[] => [
  claimText(pattern),
  count(pattern.n),
  share(pattern.rate),
  share(pattern.confidence),
  share(pattern.baseline),
  probability(pattern.qValue),
];

const checkColumns: readonly Column[] = [
  ['n', 'right'],
  ['rate', 'right'],
  ['95 % interval', 'right'],
  ['baseline', 'right'],
  ['verdict', 'left'],
];
const checkCells = ({ n, rate, interval, baseline, verdict }: Check): string[] => [
  count(n),
  rate === null ? '–' : share(rate),
  `${share(interval[0])}–${share(interval[1])}`,
  share(baseline),
  verdict,
];

function tallyText(checks: readonly Check[]): string {
  const tally = tallyOf(checks);
  const seen = checks.length - tally['not seen'];
  return (
    `Of the ${count(seen)} that occurred again, ${count(tally.holds)} held (the whole interval above the baseline), ` +
    `${count(tally.above)} lay above it, ${count(tally.below)} below, ${count(tally.fails)} failed (the whole interval below)` +
    `${tally['not seen'] > 0 ? `; ${count(tally['not seen'])} did not occur` : ''}.`
  );
}

function promotedPart({ promoted, candidates, conjunctions }: DemoResult): string[] {
  const among =
    conjunctions === undefined ? '' : ` among ${count(conjunctions)} conjunctions tested in the last night`;
  if (promoted.length > 0)
    return [
      `Promoted: ${plural(promoted.length, 'pattern')}${among}`,
      ...table(
        learnedColumns,
        promoted.map(({ rule }) => learnedRow(rule)),
      ),
      ...(promoted.some(({ rule }) => (rule.qValue ?? 1) > MAX_Q)
        ? [
            `A q above ${MAX_Q} (or none) belongs to a pattern promoted on an earlier night: it stays until its own test fails.`,
          ]
        : []),
    ];
  return [
    `Promoted: nothing${among}. The market taught nothing that survives the tests.`,
    ...(candidates.length > 0
      ? ['Nearest candidates, not promoted:', ...table(learnedColumns, candidates.map(learnedRow))]
      : ['There was not even a candidate.']),
  ];
}

function checkPart({ promoted, tested }: DemoResult): string[] {
  if (tested.days === 0) return ['No days were left to check on (--test 0).'];
  if (promoted.length === 0) return ['Nothing was promoted, so there is nothing to check.'];
  return [
    ...table(
      [['promoted pattern', 'left'], ...checkColumns],
      promoted.map(({ rule, check }) => [claimText(rule), ...checkCells(check)]),
    ),
    tallyText(promoted.map(({ check }) => check)),
  ];
}

const TOP = 10;

function thumbPart({ thumb, tested }: DemoResult): string[] {
  const title = `The old rule of thumb would have promoted ${plural(thumb.length, 'rule')} from the same decisions.`;
  if (thumb.length === 0) return [title];
  const top = thumb.slice(0, TOP);
  return [
    `${title} Its first ${count(top.length)}:`,
    ...table(
      [
        ['rule', 'left'],
        ['n then', 'right'],
        ['rate then', 'right'],
        ['score', 'right'],
        ...(tested.days > 0 ? checkColumns : []),
      ],
      top.map(({ rule, check }) => [
        claimText(rule),
        count(rule.n),
        share(rule.rate),
        share(rule.heuristicConfidence),
        ...(tested.days > 0 ? checkCells(check) : []),
      ]),
    ),
    ...(tested.days > 0 ? [tallyText(thumb.map(({ check }) => check))] : []),
  ];
}

/** Everything the demo has to say at its end. */
export function reportOf(result: DemoResult): string {
  const { market, truth, learned, tested, totals, stated, seconds, requests } = result;
  return [
    `${market}: ${plural(learned.days, 'day')} to learn from, ${plural(tested.days, 'day')} to check on.`,
    ...(truth ? [`What is true in it: ${truth}.`] : []),
    `${plural(totals.decisions, 'decision')}, ${plural(totals.signals, 'signal')}, ` +
      `${plural(totals.acknowledgements, 'acknowledgement')}, ${plural(totals.outcomes, 'outcome')}, ` +
      `${plural(totals.consolidations, 'night')} of consolidation; ${plural(requests, 'request')} in ${seconds.toFixed(0)} s.`,
    '',
    `LEARNED from ${learned.from} to ${learned.to}`,
    ...promotedPart(result),
    '',
    'STATED ON THE FIRST DAY, tested alone every night since',
    ...statedPart(stated, truth !== undefined),
    '',
    `OUT OF SAMPLE: the ${plural(tested.days, 'day')} after learning was frozen`,
    ...checkPart(result),
    '',
    'FOR COMPARISON',
    ...thumbPart(result),
  ].join('\n');
}
