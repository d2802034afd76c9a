/**
 * `npm run bench:patterns`: what is promoted in logs whose truth is known. `--logs 40` sets the logs a cell has,
 * `--only empty,planted,bystander,course,nights,corrections` the parts.
 */
import { parseArgs } from 'node:util';
import { table } from '../figures.ts';
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
} from './cells.ts';
import { corrections, ruleOfThumb, service } from './methods.ts';
import { nightCells, nightFigures } from './nights.ts';

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

function printCorrections(logs: number): void {
  print(`\nCorrections: recall and share of false, ${logs} logs a cell`);
  const header = ['log', ...corrections.map(({ name }) => name)];
  const rows = COMPARED.map(({ options }) => [
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

function printNights(logs: number): void {
  print(`\nSixty nights, each a look at all decisions so far, through the lifecycle (${logs} logs a cell)`);
  const rows = nightCells.map(({ options, arrival }) => {
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

function main(): void {
  const { values } = parseArgs({
    options: { logs: { type: 'string', default: '40' }, only: { type: 'string' } },
  });
  const logs = Number(values.logs);
  if (!Number.isInteger(logs) || logs < 1) throw new Error('--logs must be a whole number above 0');
  const parts = {
    empty: () => printCells('No effect at all', emptyCells, 5 * logs),
    planted: () => printCells('Planted rules', plantedCells, logs),
    bystander: () => printCells('An effect that is another field’s', bystanderCells, logs),
    course: () => printCells('An effect that ends halfway, at the last night', courseCells, logs),
    nights: () => printNights(Math.ceil(logs / 4)),
    corrections: () => printCorrections(logs),
  };
  const only = values.only?.split(',') ?? Object.keys(parts);
  const unknown = only.find((name) => !(name in parts));
  if (unknown !== undefined) throw new Error(`--only knows ${Object.keys(parts).join(', ')}; not ${unknown}`);
  const started = performance.now();
  for (const name of only) parts[name as keyof typeof parts]();
  print(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
}

main();
