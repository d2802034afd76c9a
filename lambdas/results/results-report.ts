import { parseWindowedPath } from '../mining/cases/windowed-path.ts';
import { SeenIndex, type WindowCases } from '../cases/window-cases.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { Part, ResultsAnswer, ResultsRequest } from './contract.ts';
import { byTime, type DayResults } from './day-results.ts';
import { resultOf } from './decision-result.ts';
import { groupingOf, type GroupTallies, isDimension, partsOf } from './grouping.ts';
import { type Group, PathGrouping, partOf } from './path-grouping.ts';
import { addDays, dayAt, timeOf } from './periods.ts';
import type { ResultReader } from './result-reader.ts';
import type { Tally } from './tally.ts';

export const DEFAULT_WINDOW_DAYS = 30;
/** Groups an answer shows: those of most decisions. */
const MAX_ITEMS = 100;
/** Decisions a free path is answered from, so that it ends within API Gateway's 29 s. */
export const MAX_PATH_DECISIONS = 100_000;

export interface ResultsReportParts {
  readonly reader: ResultReader;
  readonly results: DayResults;
  readonly cases: WindowCases;
  readonly clock: Clock;
  /** @default MAX_PATH_DECISIONS */
  readonly maxPathDecisions?: number;
}

/** Results of the decisions of the last days, grouped by one or two dimensions or paths. */
export class ResultsReport {
  readonly #parts: ResultsReportParts;

  constructor(parts: ResultsReportParts) {
    this.#parts = parts;
  }

  /**
   * The last `windowDays` UTC days, today included. By provider, regime, symbol and decision type from rollups; by any
   * other path from the decisions themselves.
   * @throws ValidationFailedError for a path that has no values, or a window of more than 100,000 decisions by a path
   */
  async reportFor(
    agentId: string,
    { groupBy = [], windowDays = DEFAULT_WINDOW_DAYS }: ResultsRequest,
  ): Promise<ResultsAnswer> {
    const to = dayAt(this.#parts.clock().getTime());
    const range = { from: addDays(to, 1 - windowDays), to };
    const byRollups = groupBy.every(isDimension);
    const found = byRollups
      ? await this.#byDimensions(agentId, groupBy, range)
      : await this.#byPaths(agentId, groupBy, range);
    return answerOf(agentId, range, groupBy, found);
  }

  async #byDimensions(agentId: string, groupBy: readonly string[], range: Range): Promise<Found> {
    const dimensions = groupBy.filter(isDimension);
    const grouping = groupingOf(dimensions);
    const sorted = partsOf(grouping);
    const asked = dimensions.map((dimension) => sorted.indexOf(dimension));
    const { tallies, uncounted } = await this.#parts.reader.between(
      agentId,
      [...new Set(['all', grouping] as const)],
      range,
    );
    return {
      all: tallies.get('all')!.at([]),
      groups:
        dimensions.length === 0
          ? []
          : groupsOf(
              tallies.get(grouping)!,
              (key) => asked.map((i) => partOf(sorted[i]!, key[i] ?? null)),
              groupBy,
            ),
      uncountedDays: uncounted.length,
    };
  }

  async #byPaths(agentId: string, groupBy: readonly string[], { from, to }: Range): Promise<Found> {
    const { results, cases, maxPathDecisions = MAX_PATH_DECISIONS } = this.#parts;
    const paths = groupBy.filter((by) => !isDimension(by));
    const windowed = paths.flatMap((path) => parseWindowedPath(path) ?? []);
    const signals = windowed.flatMap((path) => (path.kind === 'signal' ? [path] : []));
    if (signals.length < windowed.length)
      throw ValidationFailedError.at('groupBy', 'holds a sequence; patterns/test has its numbers');
    const window = {
      after: new Date(timeOf(from) - 1).toISOString(),
      until: new Date(timeOf(addDays(to, 1)) - 1).toISOString(),
    };
    const seen = signals.length > 0 ? await cases.seenIn(agentId, window, paths) : new SeenIndex();
    const grouping = new PathGrouping(groupBy, cases.settings);
    let left = maxPathDecisions;
    for (const type of await results.types(agentId))
      for await (const page of cases.pages(agentId, type, window))
        for (const decision of page.decisions) {
          if (left-- <= 0)
            throw ValidationFailedError.at(
              'windowDays',
              `covers more than ${maxPathDecisions} decisions; by a path ask for less`,
            );
          grouping.add(resultOf(decision), cases.featuresOf(decision, seen, signals));
        }
    return { ...grouping.groups(byTime), uncountedDays: 0 };
  }
}

interface Range {
  readonly from: string;
  readonly to: string;
}

interface Found {
  readonly all: Tally;
  readonly groups: readonly Group[];
  readonly uncountedDays: number;
}

function groupsOf(
  tallies: GroupTallies,
  partsOfKey: (key: readonly (string | null)[]) => Part[],
  groupBy: readonly string[],
): Group[] {
  const others = tallies.others;
  return [
    ...tallies.entries.map(({ key, tally }) => ({ parts: partsOfKey(key), tally })),
    ...(others ? [{ parts: groupBy.map((by) => ({ by, op: 'others' }) as const), tally: others }] : []),
  ];
}

function answerOf(
  agentId: string,
  range: Range,
  groupBy: readonly string[],
  { all, groups, uncountedDays }: Found,
): ResultsAnswer {
  const total = all.earnings.total;
  const sorted = [...groups].sort(
    (a, b) =>
      b.tally.resolved - a.tally.resolved ||
      b.tally.decisions - a.tally.decisions ||
      (JSON.stringify(a.parts) < JSON.stringify(b.parts) ? -1 : 1),
  );
  return {
    agentId,
    ...range,
    totals: all.figures(),
    items: sorted.slice(0, MAX_ITEMS).map(({ parts, tally }) => ({
      group: [...parts],
      ...tally.figures(),
      contribution: tally.earnings.n === 0 || total === 0 ? null : tally.earnings.total / total,
      ...(groupBy.includes('provider') && groupBy.every(isDimension) && { against: tally.against }),
    })),
    truncated:
      sorted.length > MAX_ITEMS || sorted.some(({ parts }) => parts.some(({ op }) => op === 'others')),
    uncountedDays,
  };
}
