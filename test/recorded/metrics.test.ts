import { expect, it } from '@jest/globals';
import { metricNames, METRICS_NAMESPACE } from '../../lambdas/shared/schema/metrics.ts';
import { alarmMetrics, dashboardMetrics } from '../support/dashboard.ts';
import { readRecordings } from '../support/recordings.ts';
import { Assembly } from '../support/templates.ts';

const assembly = new Assembly('prod');
const counted = new Set(
  readRecordings()
    .filter((recording) => recording.kind === 'metric')
    .map(({ name, service }) => `${name} by ${service}`),
);
const watched = new Set(
  [
    ...dashboardMetrics(assembly),
    ...assembly
      .ofType('AWS::CloudWatch::Alarm')
      .flatMap(({ properties }) => alarmMetrics(assembly, properties)),
  ]
    .filter(({ namespace }) => namespace.startsWith(METRICS_NAMESPACE))
    .map(({ name, dimensions }) => `${name} by ${dimensions['service']}`),
);

it('something is watched', () => {
  expect(watched.size).toBe(Object.keys(metricNames).length);
});

it.each([...watched])('%s was seen to be counted: a graph of it is not for ever empty', (metric) => {
  expect(counted).toContain(metric);
});

it('nothing is counted that nobody watches: a custom metric costs money each month', () => {
  expect([...counted].filter((metric) => !watched.has(metric))).toEqual([]);
});
