import { withinDeadline } from '../shared/platform/deadline.ts';

/** Parts that an answer can do without, by the name it is told under. */
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

/** What of one answer could not be had in time, or at all. */
export class Degradations {
  readonly #names = new Set<Degradable>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: Degradable): void {
    this.#names.add(name);
  }

  /**
   * The result of some work, or `instead` when it fails or is late.
   *
   * @param from never fails; what the work itself waits for, and its time is not counted before
   */
  async attempt<T>(
    name: Degradable,
    milliseconds: number,
    work: () => Promise<T>,
    instead: T,
    from?: Promise<unknown>,
  ): Promise<T> {
    try {
      const done = work();
      // Waited for below, and until then nobody's.
      done.catch(() => undefined);
      await from;
      return await withinDeadline(done, milliseconds);
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
