import { type Course, generateLog, judgeFinding, type Log, type LogOptions } from './logs.ts';
import type { Method } from './methods.ts';

/** What one method did in many logs of one kind. */
export interface CellFigures {
  readonly logs: number;
  /** Share of logs in which the planted rule was promoted with exactly its conditions. */
  readonly recall: number;
  readonly exact: number;
  readonly mirrors: number;
  /** Promoted patterns that are neither: generalizations, specializations, bystanders, chance. */
  readonly wrong: number;
  readonly bystanders: number;
  /** Share of logs in which anything was promoted. */
  readonly anything: number;
  readonly seconds: number;
}

/** False among all promoted but mirror images; 0 where nothing was promoted. */
export const falseShare = ({ wrong, exact }: Pick<CellFigures, 'wrong' | 'exact'>): number =>
  wrong === 0 ? 0 : wrong / (wrong + exact);

/** Logs of one kind, each with a seed of its own. */
export function* logsOf(options: Omit<LogOptions, 'seed'>, logs: number): Generator<Log> {
  for (let seed = 1; seed <= logs; seed++) yield generateLog({ ...options, seed });
}

/** What a rule asserts at the end of its log; undefined: nothing is true any more. */
const assertedAtTheEnd = (course: Course = 'stays'): 'success' | 'failure' | undefined =>
  (({ stays: 'success', stops: undefined, reverses: 'failure' }) as const)[course];

export function figuresOf(options: Omit<LogOptions, 'seed'>, logs: number, method: Method): CellFigures {
  const sums = { recalled: 0, exact: 0, mirrors: 0, wrong: 0, bystanders: 0, anything: 0 };
  const started = performance.now();
  for (const { cases, planted } of logsOf(options, logs)) {
    const found = method.promoted(cases).map((claim) => {
      const asserted = assertedAtTheEnd(options.course);
      return asserted === undefined ? 'false' : judgeFinding(claim, planted, asserted);
    });
    const count = (kind: (typeof found)[number]): number => found.filter((other) => other === kind).length;
    sums.recalled += Number(found.includes('exact'));
    sums.exact += count('exact');
    sums.mirrors += count('mirror');
    const bystanders = options.copied ? count('bystander') : 0;
    sums.bystanders += bystanders;
    sums.wrong += count('false') + count('bystander');
    sums.anything += Number(found.length > 0);
  }
  return {
    ...sums,
    logs,
    recall: sums.recalled / logs,
    anything: sums.anything / logs,
    seconds: (performance.now() - started) / 1000,
  };
}

export interface Cell {
  readonly options: Omit<LogOptions, 'seed'>;
  /** The recall to be reached, where there is one. */
  readonly aim?: number;
}

const SIZES = [300, 1000, 5000] as const;
const BASES = [0.3, 0.5, 0.8] as const;
const EFFECTS = [0.15, 0.25, 0.35] as const;

function aimOf(conditions: number, effect: number, decisions: number): number | undefined {
  const needed =
    conditions === 1
      ? effect >= 0.25 && decisions >= 1000
      : conditions === 2
        ? (effect >= 0.35 && decisions >= 1000) || (effect >= 0.25 && decisions >= 5000)
        : effect >= 0.35 && decisions >= 5000;
  return needed ? 0.95 : undefined;
}

/** Planted rules of one, two and three conditions, by effect, base rate and size of the log. */
export const plantedCells: readonly Cell[] = [1, 2, 3].flatMap((conditions) =>
  EFFECTS.flatMap((effect) =>
    SIZES.flatMap((decisions) =>
      BASES.map((base) => ({
        options: { conditions, effect, decisions, base },
        aim: aimOf(conditions, effect, decisions),
      })),
    ),
  ),
);

export const emptyCells: readonly Cell[] = SIZES.flatMap((decisions) =>
  BASES.map((base) => ({ options: { conditions: 0, effect: 0, decisions, base } })),
);

/** An effect that another field shows only because it repeats the cause in so many decisions. */
export const bystanderCells: readonly Cell[] = [1, 2].flatMap((conditions) =>
  [0.6, 0.8, 0.9].flatMap((copied) =>
    SIZES.map((decisions) => ({
      options: { conditions, effect: conditions === 1 ? 0.25 : 0.35, decisions, base: 0.5, copied },
    })),
  ),
);

export const courseCells: readonly Cell[] = (['stops', 'reverses'] as const).flatMap((course) =>
  [1, 2].flatMap((conditions) =>
    [1000, 5000].map((decisions) => ({
      options: { conditions, effect: 0.35, decisions, base: 0.5, course },
    })),
  ),
);

export const nameOf = ({ conditions, effect, decisions, base, copied, course }: Cell['options']): string =>
  [
    conditions === 0 ? 'no effect' : `${conditions} at +${Math.round(100 * effect)}`,
    `base ${base}`,
    `n ${decisions}`,
    ...(copied ? [`copied ${copied}`] : []),
    ...(course ? [course] : []),
  ].join(', ');
