import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import {
  type MetricName,
  metricNames,
  metricSources,
  metricsNamespace,
} from '../lambdas/shared/schema/metrics.ts';
import type { TableName } from '../lambdas/shared/schema/tables.ts';
import type { StageConfig } from './config.ts';
import type { ConsolidationStack } from './consolidation-stack.ts';
import type { ServiceStack } from './service-stack.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly config: StageConfig;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  readonly service: ServiceStack;
  readonly consolidation: ConsolidationStack;
}

const HOURS_WITHOUT_CONSOLIDATION = 26;

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

/** One dashboard of at most 50 metrics, which is free, and alarms on one metric each: ten are free, then $0.10 a month. */
export class ObservabilityStack extends Stack {
  readonly alarmTopic: Topic;
  readonly #stage: string;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    this.#stage = props.config.stage;
    this.alarmTopic = this.#createTopic(props.config.alarmEmail);
    const background = [
      { name: 'relay', function: props.service.relay.function },
      { name: 'archiver', function: props.service.archiver.function },
      { name: 'eraser', function: props.service.eraser.function },
      { name: 'planner', function: props.consolidation.planner },
      { name: 'worker', function: props.consolidation.worker },
    ];
    this.#createAlarms(props);
    this.#createDashboard(props, background);
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

  #createAlarms({ service, consolidation }: ObservabilityStackProps): void {
    const errorsOf = (fn: IFunction) => this.#lambda('Errors', { FunctionName: fn.functionName });
    const alarms: Readonly<Record<string, AlarmSpec>> = {
      // One for the six functions that answer requests: whatever fails in them is a 5xx here.
      ApiErrors: {
        metric: this.#api(service, '5xx'),
        description:
          'Requests are answered with 5xx. The error is in the log of the function the route belongs to.',
      },
      RelayErrors: {
        metric: errorsOf(service.relay.function),
        description:
          'The signal relay fails. Signals are kept in the table; subscribers of the bus hear late.',
      },
      ArchiverErrors: {
        metric: errorsOf(service.archiver.function),
        description:
          'What expires is not archived. Nothing is lost for twelve hours: look in the log, and at the bucket.',
      },
      ArchiverBehind: {
        metric: this.#lambda(
          'IteratorAge',
          { FunctionName: service.archiver.function.functionName },
          { statistic: Stats.MAXIMUM },
        ),
        threshold: Duration.hours(6).toMilliseconds(),
        description:
          'The archiver is six hours behind. In another six what it cannot write goes to aws/lambda/ in the ' +
          'archive bucket, unread by GET …/archive; after a day only point-in-time recovery has it.',
      },
      EraserErrors: {
        metric: errorsOf(service.eraser.function),
        description:
          'An erasure fails. It is tried twice more; if it then stands still, GET /erasures/{erasureId} says so.',
      },
      PlannerErrors: {
        metric: errorsOf(consolidation.planner),
        description: 'The planner fails: a consolidation was not started, or not for every agent.',
      },
      WorkerErrors: {
        metric: errorsOf(consolidation.worker),
        description: 'The consolidation of an agent fails. It is tried again; look for timeouts and memory.',
      },
      // Concurrency is a pool of the account, so this is too: a throttled neighbour is the same problem.
      Throttles: {
        metric: this.#lambda('Throttles', {}),
        description: 'Lambda refuses invocations in this region: the account is out of concurrency.',
      },
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
        description: 'A consolidation run could not be started. Start it with POST /consolidations.',
      },
      RelayGaveUp: {
        metric: this.#lambda('OnFailureDestinationDeliveredEventCount', {
          EventSourceMappingUUID: service.relay.mapping.eventSourceMappingId,
        }),
        description:
          'Deliveries were not relayed in ten tries; the records are in the archive bucket, aws/lambda/.',
      },
      RelayBehind: {
        metric: this.#lambda(
          'IteratorAge',
          { FunctionName: service.relay.function.functionName },
          { statistic: Stats.MAXIMUM },
        ),
        threshold: Duration.minutes(10).toMilliseconds(),
        periods: 3,
        description:
          'The relay is more than ten minutes behind: a record blocks its shard, or there are too many.',
      },
      NoConsolidation: {
        // Filled, because an alarm over sparse data looks back further than its periods and would ring late. Hourly,
        // because only periods of an hour or more may add up to over a day.
        metric: new MathExpression({
          expression: 'FILL(runs, 0)',
          usingMetrics: { runs: this.#custom(metricNames.consolidationRunsStarted, Duration.hours(1)) },
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
      alarm.addAlarmAction(new SnsAction(this.alarmTopic));
      alarm.addOkAction(new SnsAction(this.alarmTopic));
    }
  }

  #createDashboard(
    { config, tables, service, consolidation }: ObservabilityStackProps,
    background: readonly { readonly name: string; readonly function: IFunction }[],
  ): void {
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12, height: 6 });
    const perFunction = (name: string, statistic: string, shown: typeof background) =>
      shown.map(({ name: label, function: fn }) =>
        this.#lambda(name, { FunctionName: fn.functionName }, { statistic, label }),
      );
    // The free dashboard has room for 50 metrics: what fails behind the API is its 5xx, and how long a function takes
    // that does nothing is not shown.
    const working = [...service.functions.filter(({ name }) => name !== 'health'), ...background];
    const perTable = (metricName: string) =>
      Object.entries(tables).map(
        ([label, { tableName }]) =>
          new Metric({
            namespace: 'AWS/DynamoDB',
            metricName,
            dimensionsMap: { TableName: tableName },
            statistic: Stats.SUM,
            label,
          }),
      );
    const count = (...names: MetricName[]) => names.map((name) => this.#custom(name));
    new Dashboard(this, 'Dashboard', {
      dashboardName: `agent-memory-${config.stage}`,
      defaultInterval: Duration.days(2),
      widgets: [
        [
          graph('Decisions', count(metricNames.decisionsLogged, metricNames.outcomesRecorded)),
          graph(
            'Signals',
            count(metricNames.signalsPublished, metricNames.signalsAcknowledged, metricNames.signalsRelayed),
          ),
        ],
        [
          graph(
            'Consolidation',
            count(
              metricNames.consolidationRunsStarted,
              metricNames.agentsConsolidated,
              metricNames.agentConsolidationsFailed,
            ),
          ),
          graph('Patterns', count(metricNames.patternsPromoted, metricNames.patternsDemoted)),
        ],
        [
          graph(
            'Requests',
            [this.#api(service, 'Count'), this.#api(service, '4xx'), this.#api(service, '5xx')],
            [this.#api(service, 'Latency', 'p99')],
          ),
          graph('Errors behind the scenes', perFunction('Errors', Stats.SUM, background), [
            this.#lambda('Throttles', {}),
          ]),
        ],
        [
          graph('Function duration (p99)', perFunction('Duration', 'p99', working)),
          graph(
            'What waits and what was dropped',
            [
              consolidation.workDeadLetters.metricApproximateNumberOfMessagesVisible({
                label: 'agents dropped',
              }),
              consolidation.runDeadLetters.metricApproximateNumberOfMessagesVisible({
                label: 'runs dropped',
              }),
              this.#lambda(
                'OnFailureDestinationDeliveredEventCount',
                { EventSourceMappingUUID: service.relay.mapping.eventSourceMappingId },
                { label: 'deliveries dropped' },
              ),
            ],
            [
              this.#lambda(
                'IteratorAge',
                { FunctionName: service.relay.function.functionName },
                { statistic: Stats.MAXIMUM, label: 'relay behind (ms)' },
              ),
              this.#lambda(
                'IteratorAge',
                { FunctionName: service.archiver.function.functionName },
                { statistic: Stats.MAXIMUM, label: 'archiver behind (ms)' },
              ),
            ],
          ),
        ],
        [
          graph(
            'Capacity used',
            perTable('ConsumedWriteCapacityUnits'),
            perTable('ConsumedReadCapacityUnits'),
          ),
          graph('Writes throttled', perTable('WriteThrottleEvents')),
        ],
      ],
    });
  }

  /** A metric the service emits itself; its `service` dimension is the function that emits it. */
  #custom(name: MetricName, period = Duration.minutes(5)): Metric {
    return new Metric({
      namespace: metricsNamespace(this.#stage),
      metricName: name,
      dimensionsMap: { service: metricSources[name] },
      statistic: Stats.SUM,
      period,
    });
  }

  #lambda(
    metricName: string,
    dimensionsMap: Record<string, string>,
    options: { readonly statistic?: string; readonly label?: string } = {},
  ): Metric {
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap,
      statistic: Stats.SUM,
      ...options,
    });
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
