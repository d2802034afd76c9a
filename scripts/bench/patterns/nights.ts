import { learnFrom } from '../../../lambdas/patterns/lifecycle/learning.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { randomSource } from '../../shared/random.ts';
import { type Cell, logsOf } from '../../../test/support/patterns/cells.ts';
import { judgeFinding, type Log, LOG_DAYS, LOG_START } from '../../../test/support/patterns/logs.ts';
import { minerOf } from '../../../test/support/patterns/methods.ts';
import { ruleOfThumb } from './rivals.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How outcomes come in. */
export interface Arrival {
  /** Mean days until an outcome is known, exponentially distributed. @default at once */
  readonly lateDays?: number;
  /** Share of outcomes that are first reported the other way round, and put right as many days later again. */
  readonly corrected?: number;
}

export interface NightFigures {
  readonly logs: number;
  /** Logs in which the planted rule was promoted on any night, and on the last. */
  readonly exactEver: number;
  readonly exactAtEnd: number;
  /** Patterns other than the rule and its mirror images that were promoted on any night, and on the last. */
  readonly wrongEver: number;
  readonly wrongAtEnd: number;
  /** Logs in which any such pattern was. */
  readonly logsWrongEver: number;
  readonly logsWrongAtEnd: number;
  /** Logs in which the opposite of the planted rule stood on the last night. */
  readonly oppositeAtEnd: number;
  /** What the rule of thumb promotes on the last night of the first logs. */
  readonly thumb: { readonly logs: number; readonly exact: number; readonly wrong: number };
}

/** An outcome as it is known at a time; undefined while it is not. */
interface Reported {
  readonly resolved: ResolvedCase;
  readonly knownAt: number;
  readonly rightAt: number;
}

function reportsOf({ cases }: Log, { lateDays = 0, corrected = 0 }: Arrival, seed: number): Reported[] {
  const random = randomSource(seed + 104_729);
  const delay = (): number => -Math.log(1 - random()) * lateDays * DAY_MS;
  return cases.map((resolved) => {
    const knownAt = resolved.time + delay();
    const isWrong = random() < corrected;
    return { resolved, knownAt, rightAt: isWrong ? knownAt + delay() : knownAt };
  });
}

/** Logs of a cell the rule of thumb is tried on: it scans every conjunction case by case. */
const THUMB_LOGS = 2;

/** The decisions as they are known at a time. */
const knownAt = (reports: readonly Reported[], until: number): ResolvedCase[] =>
  reports
    .filter((reported) => reported.knownAt <= until)
    .map(({ resolved, rightAt }) => ({
      ...resolved,
      success: rightAt <= until ? resolved.success : !resolved.success,
    }));

/** Every night of the log through the same mining and lifecycle a deployed run has. @returns patterns each night */
function* nightsOf(reports: readonly Reported[]): Generator<readonly Pattern[]> {
  let patterns: readonly Pattern[] = [];
  for (let night = 1; night <= LOG_DAYS; night++) {
    const until = LOG_START + night * DAY_MS;
    const lookedAt = until - DAY_MS;
    const known = knownAt(reports, until);
    const fresh = reports.filter((reported) => reported.knownAt > lookedAt && reported.knownAt <= until);
    const miner = minerOf(known);
    const { result } = learnFrom(miner, {
      agentId: 'bench',
      decisionType: 'BENCH',
      runId: `RUN-${night}`,
      asOf: new Date(until).toISOString(),
      settings: defaultMiningSettings,
      previous: patterns,
      newShare: known.length === 0 ? 1 : fresh.length / known.length,
    });
    patterns = result.patterns;
    yield patterns.filter(({ status }) => status === 'promoted');
  }
}

export function nightFigures(options: Cell['options'], logs: number, arrival: Arrival = {}): NightFigures {
  const sums = {
    exactEver: 0,
    exactAtEnd: 0,
    wrongEver: 0,
    wrongAtEnd: 0,
    logsWrongEver: 0,
    logsWrongAtEnd: 0,
    oppositeAtEnd: 0,
  };
  const thumb = { logs: 0, exact: 0, wrong: 0 };
  let seed = 0;
  for (const log of logsOf(options, logs)) {
    const ever = new Map<string, string>();
    let last: readonly Pattern[] = [];
    // A rule that turns round is followed by its opposite, with mirror images of its own.
    const kindOf = (pattern: Pattern): string => {
      const kind = judgeFinding(pattern, log.planted);
      const later = judgeFinding(pattern, log.planted, 'failure');
      return options.course !== 'reverses' || kind === 'exact' || later === 'false' ? kind : `later ${later}`;
    };
    const reports = reportsOf(log, arrival, seed++);
    if (thumb.logs < THUMB_LOGS) {
      const kinds = ruleOfThumb
        .promoted(knownAt(reports, LOG_START + LOG_DAYS * DAY_MS))
        .map((claim) => judgeFinding(claim, log.planted));
      thumb.logs++;
      thumb.exact += kinds.filter((kind) => kind === 'exact').length;
      thumb.wrong += kinds.filter((kind) => kind !== 'exact' && kind !== 'mirror').length;
    }
    for (const promoted of nightsOf(reports)) {
      for (const pattern of promoted) ever.set(pattern.patternId, kindOf(pattern));
      last = promoted;
    }
    const isWrong = (kind: string): boolean => kind === 'false' || kind === 'bystander';
    const everKinds = [...ever.values()];
    const wrongEver = everKinds.filter(isWrong).length;
    const wrongAtEnd = last.filter((pattern) => isWrong(kindOf(pattern))).length;
    sums.exactEver += Number(everKinds.includes('exact'));
    sums.exactAtEnd += Number(last.some((pattern) => kindOf(pattern) === 'exact'));
    sums.wrongEver += wrongEver;
    sums.wrongAtEnd += wrongAtEnd;
    sums.logsWrongEver += Number(wrongEver > 0);
    sums.logsWrongAtEnd += Number(wrongAtEnd > 0);
    sums.oppositeAtEnd += Number(last.some((pattern) => kindOf(pattern) === 'later exact'));
  }
  return { ...sums, thumb, logs };
}

/** What is lived through night by night, and how its outcomes come in. */
export const nightCells: readonly (Cell & { readonly arrival?: Arrival })[] = [
  { options: { conditions: 0, effect: 0, decisions: 1000, base: 0.5 } },
  { options: { conditions: 0, effect: 0, decisions: 5000, base: 0.5 } },
  { options: { conditions: 1, effect: 0.25, decisions: 1000, base: 0.5 } },
  { options: { conditions: 1, effect: 0.25, decisions: 5000, base: 0.5 } },
  { options: { conditions: 2, effect: 0.35, decisions: 1000, base: 0.5 } },
  { options: { conditions: 2, effect: 0.35, decisions: 5000, base: 0.8 } },
  { options: { conditions: 3, effect: 0.35, decisions: 5000, base: 0.5 } },
  { options: { conditions: 1, effect: 0.25, decisions: 1000, base: 0.5, copied: 0.8 } },
  ...(['stops', 'reverses'] as const).flatMap((course) =>
    [1000, 5000].map((decisions) => ({
      options: { conditions: 1, effect: 0.35, decisions, base: 0.5, course },
    })),
  ),
  ...[
    { conditions: 0, effect: 0, decisions: 1000, base: 0.5 },
    { conditions: 1, effect: 0.25, decisions: 1000, base: 0.5 },
    { conditions: 2, effect: 0.35, decisions: 1000, base: 0.5 },
    { conditions: 2, effect: 0.25, decisions: 5000, base: 0.5 },
  ].map((options) => ({ options, arrival: { lateDays: 4, corrected: 0.1 } })),
];
