import { Float64List, RowList, Uint32List } from './number-list.ts';
import { MAX_PATHS, MAX_VALUES_HELD } from '../settings.ts';
import type { Features, FeatureValue, ResolvedCase } from '../types.ts';
import type { Scalar } from '../vocabulary.ts';

/** The shared code of the values that are no longer told apart. */
const ONE_OF_TOO_MANY = 0xffff_ffff;

/** Values of one path as codes into a dictionary, each with its row. */
export class CodedColumn {
  readonly rows = new RowList();
  readonly codes = new Uint32List();
  readonly dictionary = new Map<Scalar, number>();

  add(row: number, value: Scalar): void {
    let code = this.dictionary.get(value);
    if (code === undefined) {
      code = this.dictionary.size < MAX_VALUES_HELD ? this.dictionary.size : ONE_OF_TOO_MANY;
      if (code !== ONE_OF_TOO_MANY) this.dictionary.set(value, code);
    }
    this.rows.push(row);
    this.codes.push(code);
  }
}

/** Numbers of one path, unchanged: their cut points are known only when the window is complete. */
export class NumberColumn {
  readonly rows = new RowList();
  readonly values = new Float64List();

  add(row: number, value: number): void {
    this.rows.push(row);
    this.values.push(value);
  }
}

const NO_CODES = new CodedColumn();
const NO_NUMBERS = new NumberColumn();
const NO_ROWS = new RowList();

/** The values at one path, by kind. Most paths have one kind, and only that one takes memory. */
export class PathColumns {
  #values: CodedColumn | undefined;
  #numbers: NumberColumn | undefined;
  #elements: CodedColumn | undefined;
  #present: RowList | undefined;

  get values(): CodedColumn {
    return this.#values ?? NO_CODES;
  }

  get numbers(): NumberColumn {
    return this.#numbers ?? NO_NUMBERS;
  }

  get elements(): CodedColumn {
    return this.#elements ?? NO_CODES;
  }

  get present(): RowList {
    return this.#present ?? NO_ROWS;
  }

  add(row: number, feature: FeatureValue): void {
    if (feature.kind === 'present') (this.#present ??= new RowList()).push(row);
    else if (feature.kind === 'set') {
      this.#elements ??= new CodedColumn();
      for (const value of feature.values) this.#elements.add(row, value);
    } else if (typeof feature.value === 'number')
      (this.#numbers ??= new NumberColumn()).add(row, feature.value);
    else (this.#values ??= new CodedColumn()).add(row, feature.value);
  }
}

/** All cases that were added, column by column. Nothing of a raw item is kept. */
export class CaseColumns {
  readonly paths = new Map<string, PathColumns>();
  /** Number of values that were ignored, because there are too many paths. */
  notTaken = 0;
  readonly times = new Float64List();
  readonly successes = new Uint32List();
  readonly decisionIds: string[] = [];
  readonly actions: (string | undefined)[] = [];
  readonly metricNames: string[] = [];
  /** Metrics of row r: entries from `metricEnds[r - 1]` to `metricEnds[r]`. */
  readonly metricEnds = new Uint32List();
  readonly metricCodes = new Uint32List();
  readonly metricValues = new Float64List();
  readonly #metricCode = new Map<string, number>();
  /** The paths of the previous decision, in its order. Most decisions have the same, so no look-up is needed. */
  readonly #latest: { path: string; columns: PathColumns }[] = [];

  get count(): number {
    return this.decisionIds.length;
  }

  add(resolved: ResolvedCase): void {
    const row = this.count;
    this.decisionIds.push(resolved.decisionId);
    this.actions.push(resolved.action);
    this.times.push(resolved.time);
    this.successes.push(resolved.success ? 1 : 0);
    let position = 0;
    for (const [path, feature] of resolved.features) {
      const latest = this.#latest[position++];
      if (latest?.path === path) latest.columns.add(row, feature);
      else this.#columnsOf(path, position - 1)?.add(row, feature);
    }
    for (const [name, value] of Object.entries(resolved.metrics ?? {})) {
      let code = this.#metricCode.get(name);
      if (code === undefined) {
        code = this.metricNames.push(name) - 1;
        this.#metricCode.set(name, code);
      }
      this.metricCodes.push(code);
      this.metricValues.push(value);
    }
    this.metricEnds.push(this.metricCodes.length);
  }

  /** Adds features to a row that has none of these paths yet. */
  extend(row: number, features: Features): void {
    for (const [path, feature] of features) this.#columnsOf(path)?.add(row, feature);
  }

  #columnsOf(path: string, position?: number): PathColumns | undefined {
    let columns = this.paths.get(path);
    if (!columns) {
      if (this.paths.size >= MAX_PATHS) {
        this.notTaken++;
        return undefined;
      }
      this.paths.set(path, (columns = new PathColumns()));
    }
    if (position !== undefined) this.#latest[position] = { path, columns };
    return columns;
  }
}
