import { rmSync } from 'node:fs';
import { createApp } from '../../lib/app.ts';
import type { StageConfig } from '../../lib/config.ts';
import { makeWorkDirectory } from '../local/synthesis.ts';

/** What a stage deploys of the things that cost by their number. */
export interface Deployed {
  readonly alarms: number;
  readonly dashboards: number;
  readonly schedulesAMonth: number;
  readonly mappedQueues: number;
}

interface Template {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}

const MINUTES_A_MONTH = 30 * 24 * 60;

/** `rate(15 minutes)` → 2,880; anything else is once a day. */
export function startsAMonth(expression: string): number {
  const [, value, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (value === undefined) return 30;
  return (
    MINUTES_A_MONTH /
    (Number(value) * { minute: 1, hour: 60, day: 24 * 60 }[unit as 'minute' | 'hour' | 'day'])
  );
}

/** Reads them off the synthesized templates, so that the bill is that of what is deployed. */
export function deployedOf(config: StageConfig): Deployed {
  const directory = makeWorkDirectory();
  try {
    const app = createApp(config, { outdir: directory, context: { 'aws:cdk:bundling-stacks': [] } });
    const resources = app
      .synth()
      .stacks.flatMap((stack) => Object.values((stack.template as Template).Resources ?? {}));
    const ofType = (type: string) => resources.filter((resource) => resource.Type === type);
    return {
      alarms: ofType('AWS::CloudWatch::Alarm').length,
      dashboards: ofType('AWS::CloudWatch::Dashboard').length,
      schedulesAMonth: ofType('AWS::Scheduler::Schedule').reduce(
        (sum, { Properties }) => sum + startsAMonth(String(Properties?.['ScheduleExpression'])),
        0,
      ),
      // A stream source says where it starts; a queue has no such place.
      mappedQueues: ofType('AWS::Lambda::EventSourceMapping').filter(
        ({ Properties }) => Properties?.['StartingPosition'] === undefined,
      ).length,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
