import { withinDeadline } from '../shared/platform/deadline.ts';

/** Parts an answer can do without, by their names in `degraded`. */
export const degradable = [
  'decisions',
  'exposure',
  'insights',
  'memories',
  'sessions',
  'signals',
  'summary',
] as const;
export type Degradable = (typeof degradable)[number];

interface Log {
  warn(message: string, extra: Record<string, unknown>): void;
}

/** The parts that one answer lacks, wholly or partly. */
export class Degradations {
  readonly #names = new Set<Degradable>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: Degradable): void {
    this.#names.add(name);
  }

  /** @returns the result of the work, or `instead` when it fails or takes longer than this many milliseconds */
  async attempt<T>(name: Degradable, milliseconds: number, work: () => Promise<T>, instead: T): Promise<T> {
    try {
      return await withinDeadline(work(), milliseconds);
    } catch (error) {
      this.#names.add(name);
      this.#log.warn('context degraded', { part: name, error: error as Error });
      return instead;
    }
  }

  get names(): Degradable[] {
    return [...this.#names].sort();
  }
}
