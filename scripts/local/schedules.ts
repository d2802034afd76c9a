import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import type { ScheduleSpec } from './assembly.ts';

/** AWS counts the days of a week from 1 = Sunday, cron from 0. `L` and `#n` keep their meaning. */
const dayOfWeek = (field: string): string =>
  field.replace(/(^|[,-])(\d)/g, (_, before: string, day: string) => before + String(Number(day) - 1));

const unitsInMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * An EventBridge Scheduler expression as croner takes it: a pattern with seconds and year, or an instant.
 *
 * @throws Error naming what is not understood
 */
export function toCronPattern(expression: string): string {
  const [, kind, argument] = /^(cron|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  if (kind === 'at') return argument!;
  const fields = argument?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) throw new Error(`schedule '${expression}' is not understood by the local service`);
  const [minutes, hours, dayOfMonth, month, weekday, year] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  // '?' is AWS's "any"; croner would read it as "now".
  const any = (field: string) => (field === '?' ? '*' : field);
  return ['0', minutes, hours, any(dayOfMonth), month, any(dayOfWeek(weekday)), year].join(' ');
}

/** Milliseconds of a `rate(…)`, or undefined when the expression is no rate. */
export function rateMs(expression: string): number | undefined {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * unitsInMs[unit as keyof typeof unitsInMs];
}

/** The input of one firing, with Scheduler's context attributes filled in. */
export const inputAt = (input: string, scheduledTime: Date): unknown =>
  JSON.parse(
    input
      .replaceAll('<aws.scheduler.scheduled-time>', `${scheduledTime.toISOString().slice(0, 19)}Z`)
      .replaceAll('<aws.scheduler.execution-id>', randomUUID())
      .replaceAll('<aws.scheduler.attempt-number>', '1'),
  );

export interface Schedule {
  stop(): void;
}

/** Fires a schedule while the service runs. What fell due while it was down is not made up for. */
export function startSchedule(
  spec: ScheduleSpec,
  fire: (targetArn: string, input: unknown) => void,
): Schedule {
  const run = (time: Date) => fire(spec.targetArn, inputAt(spec.input, time));
  const rate = rateMs(spec.expression);
  if (rate !== undefined) {
    const timer = setInterval(() => run(new Date()), rate);
    return { stop: () => clearInterval(timer) };
  }
  const job = new Cron(
    toCronPattern(spec.expression),
    { timezone: spec.timezone, sloppyRanges: true },
    (self: Cron) => run(self.currentRun() ?? new Date()),
  );
  return { stop: () => job.stop() };
}
