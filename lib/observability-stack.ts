import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { metricNames } from '../lambdas/shared/schema/metrics.ts';
import type { FunctionAlarm } from '../lambdas/shared/schema/room.ts';
import type { ConsolidationStack } from './consolidation-stack.ts';
import type { Deployment } from './deployment.ts';
import { BusinessDashboard } from './observability/business-dashboard.ts';
import { TableDashboard } from './observability/table-dashboard.ts';
import { TechnicalDashboard } from './observability/technical-dashboard.ts';
import { customMetric, lambdaMetric, type WatchedFunction } from './observability/watched.ts';
import { prices } from './prices.ts';
import type { ServiceStack } from './service-stack.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly service: ServiceStack;
  readonly consolidation: ConsolidationStack;
}

const HOURS_WITHOUT_CONSOLIDATION = 26;

/** Metrics that a room may have an alarm on. */
const alarmMetrics: Readonly<Record<FunctionAlarm['metric'], (fn: IFunction) => IMetric>> = {
  errors: (fn) => lambdaMetric('Errors', fn),
  iteratorAge: (fn) => lambdaMetric('IteratorAge', fn, { statistic: Stats.MAXIMUM }),
};

const alarmsOf = (
  alarms: Readonly<Record<string, FunctionAlarm>>,
  fn: IFunction,
): Record<string, AlarmSpec> =>
  Object.fromEntries(
    Object.entries(alarms).map(([id, { metric, ...alarm }]) => [
      id,
      { metric: alarmMetrics[metric](fn), ...alarm },
    ]),
  );

interface AlarmSpec {
  readonly metric: IMetric;
  /** What it means and what to do: it is the text of the mail. */
  readonly description: string;
  /** @default 1 */
  readonly threshold?: number;
  /** @default `>=` */
  readonly comparison?: ComparisonOperator;
  /** @default 1 */
  readonly periods?: number;
  /** @default - no data is good news */
  readonly missing?: TreatMissingData;
}

/**
 * Three dashboards of at most 50 metrics, and ten alarms on one metric each: what CloudWatch gives free. An alarm rings
 * for what nobody else mends: what is tried again rings when it is late or given up. Throttling rings where it
 * hurts, as a 5xx, a stream behind or a dead letter.
 */
export class ObservabilityStack extends Stack {
  readonly alarmTopic: Topic;
  readonly #stage: string;
  #alarms = 0;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    const { config } = props.deployment;
    this.#stage = config.stage;
    this.alarmTopic = this.#createTopic(config.alarmEmail);
    const functions = [...props.service.functions, ...this.#unanswering(props)];
    this.#createAlarms(props, functions);
    this.#createDashboards(props, functions);
  }

  /** Functions that answer no request, so that no 5xx tells of their errors. */
  #unanswering({ service, consolidation }: ObservabilityStackProps): WatchedFunction[] {
    return [
      { name: 'relay', function: service.relay.function },
      { name: 'archiver', function: service.archiver.function },
      { name: 'eraser', function: service.eraser.function },
      { name: 'summaries', function: service.sessions.summaries },
      { name: 'sweeper', function: service.sessions.sweeper },
      { name: 'planner', function: consolidation.planner },
      { name: 'worker', function: consolidation.worker },
    ];
  }

  /**
   * Unencrypted at rest on purpose: CloudWatch cannot publish to a topic encrypted with `aws/sns`, a key of one's own
   * costs a dollar a month, and a message holds an alarm's name and description.
   */
  #createTopic(email: string | undefined): Topic {
    const topic = new Topic(this, 'Alarms', { enforceSSL: true });
    // A topic policy replaces the default one, which is what lets alarms of this account publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    if (email) topic.addSubscription(new EmailSubscription(email));
    return topic;
  }

  #createAlarms(
    { service, consolidation, deployment }: ObservabilityStackProps,
    functions: readonly WatchedFunction[],
  ): void {
    const alarms: Readonly<Record<string, AlarmSpec>> = {
      // One for all functions that answer requests: whatever fails in them, or is throttled, is a 5xx here.
      ApiErrors: {
        metric: this.#api(service, '5xx'),
        description:
          'Requests are answered with 5xx. The error is in the log of the function the route belongs to.',
      },
      ...Object.assign(
        {},
        ...functions.map(({ name, function: fn }) => alarmsOf(deployment.functions[name]?.alarms ?? {}, fn)),
      ),
      // Planner and worker are tried again; what fails for good ends in these two queues, and is what to act on.
      WorkDeadLetters: {
        metric: consolidation.workDeadLetters.metricApproximateNumberOfMessagesVisible({
          statistic: Stats.MAXIMUM,
        }),
        description:
          'An agent could not be consolidated in three tries. Read why in the run report, then redrive.',
      },
      RunDeadLetters: {
        metric: consolidation.runDeadLetters.metricApproximateNumberOfMessagesVisible({
          statistic: Stats.MAXIMUM,
        }),
        description:
          'A consolidation run could not be started, or not for every agent. Start it with POST /consolidations.',
      },
      NoConsolidation: {
        // Filled, because an alarm over sparse data looks back further than its periods and would ring late. Hourly,
        // because only periods of an hour or more may add up to over a day.
        metric: new MathExpression({
          expression: 'FILL(runs, 0)',
          usingMetrics: {
            runs: customMetric(this.#stage, metricNames.consolidationRunsStarted, {
              period: Duration.hours(1),
            }),
          },
          period: Duration.hours(1),
          label: 'runs started',
        }),
        comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: HOURS_WITHOUT_CONSOLIDATION,
        missing: TreatMissingData.BREACHING,
        description:
          `No consolidation was started for ${HOURS_WITHOUT_CONSOLIDATION} hours. Look at the schedule and the ` +
          "planner's log. (On a new deployment: until the first night.)",
      },
    };
    for (const [id, spec] of Object.entries(alarms)) {
      const alarm = new Alarm(this, id, {
        metric: spec.metric,
        alarmDescription: spec.description,
        threshold: spec.threshold ?? 1,
        comparisonOperator: spec.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: spec.periods ?? 1,
        treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
      });
      this.#alarms++;
      alarm.addAlarmAction(new SnsAction(this.alarmTopic));
      alarm.addOkAction(new SnsAction(this.alarmTopic));
    }
  }

  #createDashboards(props: ObservabilityStackProps, functions: readonly WatchedFunction[]): void {
    const { deployment, service, consolidation } = props;
    const { tables, functions: specs } = deployment;
    const { stage } = deployment.config;
    const { api, accessLogs } = service.api;
    const readsStream = new Set(['relay', 'archiver', 'summaries']);
    new BusinessDashboard(this, 'Business', {
      stage,
      tables,
      api,
      accessLogs,
      functions,
      workerMemoryMegabytes: specs['worker']!.memoryMegabytes!,
      paidAlarms: Math.max(0, this.#alarms - prices.cloudWatch.free.alarms),
    });
    new TechnicalDashboard(this, 'Technical', {
      stage,
      api,
      accessLogs,
      functions,
      streamReaders: functions.filter(({ name }) => readsStream.has(name)),
      workQueue: consolidation.workQueue,
      workDeadLetters: consolidation.workDeadLetters,
      runDeadLetters: consolidation.runDeadLetters,
    });
    new TableDashboard(this, 'Tables', { stage, tables });
  }

  #api(service: ServiceStack, metricName: string, statistic: string = Stats.SUM): Metric {
    return new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiId: service.api.api.apiId },
      statistic,
    });
  }
}
