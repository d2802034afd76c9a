import { describe, expect, it } from '@jest/globals';
import { routeKeyOf } from '../../lambdas/shared/http/contract.ts';
import {
  logLines,
  metricNames,
  METRICS_NAMESPACE,
  metricSources,
} from '../../lambdas/shared/schema/metrics.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { prices } from '../../lib/prices.ts';
import { allRoutes } from '../../scripts/openapi/routes.ts';
import { alarmMetrics, dashboardMetrics, dashboardsOf } from '../support/dashboard.ts';
import { Assembly } from '../support/templates.ts';

/** What CloudWatch gives free, and what it refuses. */
const FREE_ALARM_METRICS = 10;
const FREE_DASHBOARD_METRICS = 50;
const HOUR = 3600;
const DAY = 24 * HOUR;

describe.each(['dev', 'prod'] as const)('observability of %s', (stage) => {
  const assembly = new Assembly(stage);
  const alarms = assembly.ofType('AWS::CloudWatch::Alarm');
  const alarm = (prefix: string) => alarms.find(({ id }) => id.startsWith(prefix))!.properties;
  const metrics = dashboardMetrics(assembly);
  const dashboards = dashboardsOf(assembly);

  it('stays within the free dashboards and alarms', () => {
    expect(alarms.flatMap(({ properties }) => alarmMetrics(assembly, properties)).length).toBeLessThanOrEqual(
      FREE_ALARM_METRICS,
    );
    const shown = dashboards.map(({ name, metrics: { length } }) => [name, length] as const);
    expect(shown.map(([name]) => name)).toEqual([
      `agent-memory-${stage}`,
      `agent-memory-${stage}-technical`,
      `agent-memory-${stage}-tables`,
    ]);
    expect(shown.filter(([, length]) => length < 10 || length > FREE_DASHBOARD_METRICS)).toEqual([]);
  });

  it('has at most ten metrics of its own, none with a dimension that a user names', () => {
    expect(Object.keys(metricNames).length).toBeLessThanOrEqual(10);
    expect(Object.keys(metricSources).sort()).toEqual(Object.values(metricNames).sort());
  });

  it('shows capacity by table and by index', () => {
    const shown = dashboards.at(-1)!.metrics.filter(({ name }) => name === 'ConsumedWriteCapacityUnits');
    const indexes = Object.values(tables).flatMap((table) => Object.keys(table.indexes));
    expect(shown).toHaveLength(Object.keys(tables).length + indexes.length);
  });

  it('adds up a month at list prices, of every unit that is consumed', () => {
    const [business] = dashboards;
    const [expression, ...others] = business!.expressions;
    expect(others).toEqual([]);
    const indexes = Object.values(tables).flatMap((table) => Object.keys(table.indexes));
    const consumed = business!.metrics.filter(({ name }) => /^Consumed(Write|Read)Capacity/.test(name));
    expect(consumed).toHaveLength(2 * (Object.keys(tables).length + indexes.length));
    const sums = expression!.match(/SUM\(\[.*?\]\) \* [\d.e-]+/g)!;
    expect(sums.map((sum) => Number(sum.split(' * ')[1]))).toEqual([
      prices.dynamodb.writeUnit,
      prices.dynamodb.readUnit,
    ]);
  });

  it('asks the log only for lines that are written', () => {
    const asked = dashboards.flatMap(({ logQueries }) => logQueries.map(({ query }) => query));
    expect(asked.length).toBeGreaterThan(5);
    const messages = asked.flatMap((query) => /message = "(.*?)"/.exec(query)?.[1] ?? []);
    expect(new Set(messages)).toEqual(new Set(Object.values(logLines)));
    const routes = asked.flatMap((query) => /routeKey = "(.*?)"/.exec(query)?.[1] ?? []);
    expect(routes).toHaveLength(1);
    expect(allRoutes.map(routeKeyOf)).toEqual(expect.arrayContaining(routes));
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

  it('watches every function: those behind the API by its 5xx, the others by their errors, or where what they fail at ends', () => {
    expect(alarmMetrics(assembly, alarm('ApiErrors'))).toEqual([
      {
        namespace: 'AWS/ApiGateway',
        name: '5xx',
        dimensions: { ApiId: expect.stringMatching(/^\{HttpApi/) },
      },
    ]);
    const functionOf = (id: string, name: string) => {
      const [metric] = alarmMetrics(assembly, alarm(id));
      expect(metric!.name).toBe(name);
      return metric!.dimensions['FunctionName']!.slice(1, -1);
    };
    const byErrors = ['RelayErrors', 'EraserErrors', 'SummariesErrors', 'SweeperErrors'].map((id) =>
      functionOf(id, 'Errors'),
    );
    const byAge = functionOf('ArchiverBehind', 'IteratorAge');
    // A function whose queue, or whose asynchronous invocations, end in a queue that rings.
    const deadEnds = ['WorkDeadLetters', 'RunDeadLetters'].map((id) =>
      alarmMetrics(assembly, alarm(id))[0]!.dimensions['QueueName']!.slice(1, -'.QueueName}'.length),
    );
    const redriven = assembly
      .ofType('AWS::SQS::Queue')
      .filter(({ properties }) =>
        deadEnds.some((id) => assembly.text(properties.RedrivePolicy?.deadLetterTargetArn).includes(id)),
      )
      .map(({ id }) => id);
    const byQueue = assembly
      .ofType('AWS::Lambda::EventSourceMapping')
      .filter(({ properties }) =>
        redriven.some((id) => assembly.text(properties.EventSourceArn).includes(`{${id}.`)),
      )
      .map(({ properties }) => assembly.text(properties.FunctionName).slice(1, -1));
    const byDestination = assembly
      .ofType('AWS::Lambda::EventInvokeConfig')
      .filter(({ properties }) =>
        deadEnds.some((id) =>
          assembly.text(properties.DestinationConfig?.OnFailure?.Destination).includes(`{${id}.`),
        ),
      )
      .map(({ properties }) => assembly.text(properties.FunctionName).slice(1, -1));
    expect([byQueue.length, byDestination.length]).toEqual([1, 1]);
    const integrated = assembly
      .ofType('AWS::ApiGatewayV2::Integration')
      .map(({ properties }) => assembly.text(properties.IntegrationUri).slice(1, -'.Arn}'.length));
    expect([...byErrors, byAge, ...byQueue, ...byDestination, ...integrated].sort()).toEqual(
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

  it('watches how far the relay is behind, and what it fails at twice: before the tries its mapping has are over', () => {
    const properties = alarm('RelayBehind');
    const [metric] = alarmMetrics(assembly, properties);
    expect(metric!.name).toBe('IteratorAge');
    expect(metric!.dimensions['FunctionName']).toContain('Relay');
    expect(properties).toMatchObject({ Threshold: 600_000, EvaluationPeriods: 3, Statistic: 'Maximum' });
    for (const [id, name] of [
      ['RelayErrors', 'Relay'],
      ['SummariesErrors', 'Summaries'],
    ] as const) {
      const tries = assembly
        .ofType('AWS::Lambda::EventSourceMapping')
        .filter((mapping) => assembly.text(mapping.properties.FunctionName).includes(name))
        .map((mapping) => mapping.properties.MaximumRetryAttempts);
      expect(tries).toHaveLength(1);
      expect(tries[0]).toBeGreaterThan(2 * alarm(id).Threshold);
      expect(alarm(id)).toMatchObject({ Threshold: 2, Statistic: 'Sum', Period: 300 });
    }
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
