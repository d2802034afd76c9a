import { describe, expect, it } from '@jest/globals';
import { metricNames, METRICS_NAMESPACE, metricSources } from '../../lambdas/shared/schema/metrics.ts';
import { alarmMetrics, dashboardMetrics } from '../support/dashboard.ts';
import { Assembly } from '../support/templates.ts';

/** What CloudWatch gives free, and what it refuses. */
const FREE_ALARM_METRICS = 10;
/** Alarms worth $0.10 a month each beyond the free ones. */
const PAID_ALARMS = ['ArchiverErrors', 'ArchiverBehind', 'EraserErrors'];
const FREE_DASHBOARD_METRICS = 50;
const HOUR = 3600;
const DAY = 24 * HOUR;

describe.each(['dev', 'prod'] as const)('observability of %s', (stage) => {
  const assembly = new Assembly(stage);
  const alarms = assembly.ofType('AWS::CloudWatch::Alarm');
  const alarm = (prefix: string) => alarms.find(({ id }) => id.startsWith(prefix))!.properties;
  const metrics = dashboardMetrics(assembly);

  it('stays within the free dashboard, and within the free alarms but for those that are named', () => {
    const paid = PAID_ALARMS.flatMap((id) => alarmMetrics(assembly, alarm(id)));
    expect(paid).toHaveLength(PAID_ALARMS.length);
    expect(alarms.flatMap(({ properties }) => alarmMetrics(assembly, properties)).length).toBeLessThanOrEqual(
      FREE_ALARM_METRICS + paid.length,
    );
    expect(metrics.length).toBeGreaterThan(20);
    expect(metrics.length).toBeLessThanOrEqual(FREE_DASHBOARD_METRICS);
  });

  it.each(alarms.map(({ id, properties }) => [id, properties] as const))(
    '%s rings at the topic, also when it is over, and says what to do',
    (_, properties) => {
      for (const actions of [properties.AlarmActions, properties.OKActions])
        expect(actions.map((action: unknown) => assembly.text(action))).toEqual([
          expect.stringMatching(/^\{Alarms\w+\}$/),
        ]);
      expect(properties.AlarmDescription.length).toBeGreaterThan(40);
      const period =
        properties.Period ??
        Math.max(
          ...properties.Metrics.map(
            (metric: { MetricStat?: { Period: number } }) => metric.MetricStat?.Period ?? 0,
          ),
        );
      // CloudWatch refuses longer ones at deployment.
      expect(period * properties.EvaluationPeriods).toBeLessThanOrEqual(period < HOUR ? DAY : 7 * DAY);
    },
  );

  it('watches errors of every function: those behind the API by its 5xx, the others by name', () => {
    expect(alarmMetrics(assembly, alarm('ApiErrors'))).toEqual([
      {
        namespace: 'AWS/ApiGateway',
        name: '5xx',
        dimensions: { ApiId: expect.stringMatching(/^\{HttpApi/) },
      },
    ]);
    const named = ['RelayErrors', 'ArchiverErrors', 'EraserErrors', 'PlannerErrors', 'WorkerErrors'].map(
      (id) => alarmMetrics(assembly, alarm(id))[0]!,
    );
    expect(new Set(named.map(({ name }) => name))).toEqual(new Set(['Errors']));
    const watched = named.map(({ dimensions }) => dimensions['FunctionName']!.slice(1, -1));
    const integrated = assembly
      .ofType('AWS::ApiGatewayV2::Integration')
      .map(({ properties }) => assembly.text(properties.IntegrationUri).slice(1, -'.Arn}'.length));
    expect([...watched, ...integrated].sort()).toEqual(
      assembly
        .functions()
        .map(({ resource }) => resource.id)
        .sort(),
    );
  });

  it('watches every queue that is a dead end', () => {
    const watched = ['WorkDeadLetters', 'RunDeadLetters'].map((id) => {
      expect(alarm(id)).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' });
      const [metric] = alarmMetrics(assembly, alarm(id));
      expect(metric!.name).toBe('ApproximateNumberOfMessagesVisible');
      return metric!.dimensions['QueueName']!.slice(1, -'.QueueName}'.length);
    });
    const deadEnds = assembly.ofType('AWS::SQS::Queue').filter(({ properties }) => !properties.RedrivePolicy);
    expect(watched.sort()).toEqual(deadEnds.map(({ id }) => id).sort());
  });

  it('rings when no consolidation was started for 26 hours, silence included', () => {
    const properties = alarm('NoConsolidation');
    expect(properties).toMatchObject({
      EvaluationPeriods: 26,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    expect(properties.DatapointsToAlarm ?? 26).toBe(26);
    const [expression, runs] = properties.Metrics;
    expect(expression.Expression).toBe(`FILL(${runs.Id}, 0)`);
    expect(runs.MetricStat).toMatchObject({ Period: HOUR, Stat: 'Sum' });
  });

  it('watches what the relay drops and how far it is behind', () => {
    const mapping = assembly
      .ofType('AWS::Lambda::EventSourceMapping')
      .find(
        ({ properties }) =>
          'StartingPosition' in properties && assembly.text(properties.FunctionName).includes('Relay'),
      )!;
    expect(alarmMetrics(assembly, alarm('RelayGaveUp'))).toEqual([
      {
        namespace: 'AWS/Lambda',
        name: 'OnFailureDestinationDeliveredEventCount',
        dimensions: { EventSourceMappingUUID: `{${mapping.id}}` },
      },
    ]);
    expect(alarmMetrics(assembly, alarm('RelayBehind'))[0]!.name).toBe('IteratorAge');
    expect(alarm('Throttles')).toMatchObject({ MetricName: 'Throttles', Namespace: 'AWS/Lambda' });
  });

  it('watches how far the archiver is behind, before its records would be given up', () => {
    const properties = alarm('ArchiverBehind');
    const [metric] = alarmMetrics(assembly, properties);
    expect(metric!.name).toBe('IteratorAge');
    expect(metric!.dimensions['FunctionName']).toContain('Archiver');
    expect(properties).toMatchObject({ Threshold: 6 * HOUR * 1000, Statistic: 'Maximum' });
  });

  it('has a topic alarms can publish to: no AWS-managed key, and a policy that lets CloudWatch', () => {
    const [topic] = assembly.ofType('AWS::SNS::Topic');
    expect(topic!.properties.KmsMasterKeyId).toBeUndefined();
    const [policy] = assembly.ofType('AWS::SNS::TopicPolicy');
    expect(policy!.properties.PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    );
  });

  it('shows every custom metric under the stage and the function that counts it, and asks for no unknown one', () => {
    const watched = [
      ...metrics,
      ...alarms.flatMap(({ properties }) => alarmMetrics(assembly, properties)),
    ].filter(({ namespace }) => namespace.startsWith(METRICS_NAMESPACE));
    expect(new Set(watched.map(({ name }) => name))).toEqual(new Set(Object.values(metricNames)));
    for (const { namespace, name, dimensions } of watched) {
      expect(namespace).toBe(`${METRICS_NAMESPACE}/${stage}`);
      expect(dimensions).toEqual({ service: metricSources[name as keyof typeof metricSources] });
    }
  });
});
