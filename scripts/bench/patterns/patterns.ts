/** Patterns that are promoted in logs whose truth is known. */
import {
  bystanderCells,
  type Cell,
  type CellFigures,
  courseCells,
  emptyCells,
  falseShare,
  figuresOf,
  nameOf,
  plantedCells,
} from '../../../test/support/patterns/cells.ts';
import { service } from '../../../test/support/patterns/methods.ts';
import { table } from '../../shared/figures.ts';
import { printDependent } from './dependent.ts';
import { nightCells, nightFigures } from './nights.ts';
import { corrections, ruleOfThumb } from './rivals.ts';

const print = (text = '') => process.stdout.write(`${text}\n`);
const share = (value: number) => value.toFixed(2);
const fine = (value: number) => value.toFixed(3);

/** The rule of thumb scans every conjunction case by case: one log in so many, two at least. */
const THUMB_EVERY = 20;

function printCells(title: string, cells: readonly Cell[], logs: number): void {
  print(
    `\n${title} (${logs} logs a cell, the rule of thumb on ${Math.max(2, Math.ceil(logs / THUMB_EVERY))})`,
  );
  const rows = cells.map(({ options, aim }) => {
    const figures = figuresOf(options, logs, service);
    const thumb = figuresOf(options, Math.max(2, Math.ceil(logs / THUMB_EVERY)), ruleOfThumb);
    return { name: nameOf(options), aim, figures, thumb };
  });
  print(
    table([
      [
        'log',
        'recall',
        'aim',
        'false',
        'of',
        'share',
        'bystanders',
        'mirrors',
        'logs with any',
        'thumb recall',
        'thumb false',
        'thumb share',
      ],
      ...rows.map(({ name, aim, figures, thumb }) => [
        name,
        share(figures.recall),
        aim === undefined ? '' : `${aim}${figures.recall < aim ? ' !' : ''}`,
        String(figures.wrong),
        String(figures.wrong + figures.exact),
        `${fine(falseShare(figures))}${falseShare(figures) > 0.05 ? ' !' : ''}`,
        String(figures.bystanders),
        String(figures.mirrors),
        fine(figures.anything),
        share(thumb.recall),
        (thumb.wrong / thumb.logs).toFixed(0),
        fine(falseShare(thumb)),
      ]),
    ]),
  );
  const all = totalsOf(rows.map(({ figures }) => figures));
  print(
    `in all: ${all.wrong} false of ${all.wrong + all.exact} promoted (${fine(falseShare(all))}), ${all.bystanders} bystanders`,
  );
}

const totalsOf = (figures: readonly CellFigures[]) => ({
  wrong: figures.reduce((sum, { wrong }) => sum + wrong, 0),
  exact: figures.reduce((sum, { exact }) => sum + exact, 0),
  bystanders: figures.reduce((sum, { bystanders }) => sum + bystanders, 0),
});

/** The cells in which the corrections differ. */
const COMPARED = [...emptyCells, ...plantedCells, ...bystanderCells].filter(
  ({ options: { base, effect, decisions, conditions, copied } }) =>
    base === 0.5 &&
    (conditions === 0 ||
      (copied === 0.8 && decisions === 1000) ||
      (!copied && conditions <= 2 && effect > 0.15 && decisions === 1000) ||
      (!copied && conditions >= 2 && effect === 0.25 && decisions === 5000)),
);

function printCorrections(cells: readonly Cell[], logs: number): void {
  print(`\nCorrections: recall and share of false, ${logs} logs a cell`);
  const header = ['log', ...corrections.map(({ name }) => name)];
  const rows = cells.map(({ options }) => [
    nameOf(options),
    ...corrections.map((method) => {
      const figures = figuresOf(options, logs, method);
      return options.conditions === 0
        ? `any ${fine(figures.anything)}`
        : `${share(figures.recall)} / ${fine(falseShare(figures))}`;
    }),
  ]);
  print(table([header, ...rows]));
}

function printNights(cells: typeof nightCells, logs: number): void {
  print(`\nSixty nights, each a look at all decisions so far, through the lifecycle (${logs} logs a cell)`);
  const rows = cells.map(({ options, arrival }) => {
    const figures = nightFigures(options, logs, arrival);
    const shareOf = (wrong: number, exact: number): string => {
      const value = falseShare({ wrong, exact });
      return `${fine(value)}${options.conditions > 0 && value > 0.05 ? ' !' : ''}`;
    };
    return [
      `${nameOf(options)}${arrival ? ', late, 10 % corrected' : ''}`,
      share(figures.exactEver / logs),
      share(figures.exactAtEnd / logs),
      fine(figures.logsWrongEver / logs),
      fine(figures.logsWrongAtEnd / logs),
      shareOf(figures.wrongEver, figures.exactEver),
      shareOf(figures.wrongAtEnd, figures.exactAtEnd),
      share(figures.oppositeAtEnd / logs),
      (figures.thumb.wrong / figures.thumb.logs).toFixed(0),
      fine(falseShare(figures.thumb)),
    ];
  });
  print(
    table([
      [
        'log',
        'rule ever',
        'rule on night 60',
        'logs ever false',
        'on night 60',
        'ever falsely promoted',
        'false on night 60',
        'opposite on night 60',
        'thumb false',
        'thumb share',
      ],
      ...rows,
    ]),
  );
}

type Part = 'empty' | 'planted' | 'bystander' | 'course' | 'dependent' | 'nights' | 'corrections';

export interface PatternOptions {
  /** Logs a cell has. */
  readonly logs: number;
  readonly only: readonly Part[];
  /** Folder of published logs. */
  readonly data?: string | undefined;
  /** Takes the first cell of each part, with at most 300 decisions a log. */
  readonly quick: boolean;
}

const QUICK_DECISIONS = 300;

const smaller = <One extends Cell>(cells: readonly One[]): One[] =>
  cells.slice(0, 1).map((cell) => ({
    ...cell,
    options: { ...cell.options, decisions: Math.min(QUICK_DECISIONS, cell.options.decisions) },
  }));

export async function run({ logs, only, quick, data }: PatternOptions): Promise<void> {
  const sized = <One extends Cell>(cells: readonly One[]): readonly One[] => (quick ? smaller(cells) : cells);
  const printPart = {
    empty: () => printCells('No effect at all', sized(emptyCells), 5 * logs),
    planted: () => printCells('Planted rules', sized(plantedCells), logs),
    bystander: () => printCells('An effect that is another field’s', sized(bystanderCells), logs),
    course: () => printCells('An effect that ends halfway, at the last night', sized(courseCells), logs),
    dependent: () => printDependent(5 * logs, quick, data),
    nights: () => printNights(sized(nightCells), Math.ceil(logs / 4)),
    corrections: () => printCorrections(sized(COMPARED), logs),
  };
  const started = performance.now();
  for (const name of only) printPart[name]();
  print(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
}
