import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  type IMetric,
  LogQueryVisualizationType,
  MathExpression,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logLines, metricNames } from '../../lambdas/shared/schema/metrics.ts';
import { type TableName, tables as schemas } from '../../lambdas/shared/schema/tables.ts';
import type { FunctionName } from '../../lambdas/rooms.ts';
import { IDLE_POLLS_A_MONTH, prices } from '../prices.ts';
import { customMetric, graph, lambdaMetric, logQuery, tableMetric, type WatchedFunction } from './watched.ts';

export interface BusinessDashboardProps {
  readonly stage: string;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
  readonly api: HttpApi;
  readonly accessLogs: ILogGroup;
  readonly functions: readonly WatchedFunction[];
  readonly workerMemoryMegabytes: number;
  /** Of this deployment, beyond those CloudWatch gives free. */
  readonly paidAlarms: number;
}

const DAY = Duration.days(1);
const DAYS_A_MONTH = 30;
/** What a request takes of a function: 50 ms of 0.5 GB, assumed here as in `npm run cost`. */
const REQUEST_GIGABYTE_SECONDS = 0.05 * 0.5;

/** Metric math is not known to read exponents. */
const decimal = (value: number): string => value.toFixed(14).replace(/0+$/, '');

/** What the memory is for: what was decided, how it turned out, what was learned, what was told, what it costs. */
export class BusinessDashboard extends Construct {
  constructor(scope: Construct, id: string, props: BusinessDashboardProps) {
    super(scope, id);
    const { stage, functions, accessLogs } = props;
    const logsOf = (name: FunctionName): ILogGroup[] =>
      functions.filter((one) => one.name === name).map((one) => one.function.logGroup);
    const custom = customMetric.bind(undefined, stage);
    new Dashboard(this, 'Dashboard', {
      dashboardName: `agent-memory-${stage}`,
      defaultInterval: Duration.days(2),
      widgets: [
        [
          graph('Decisions and outcomes', [
            custom(metricNames.decisionsLogged, { label: 'decisions' }),
            custom(metricNames.outcomeSucceeded, { statistic: Stats.SAMPLE_COUNT, label: 'outcomes' }),
          ]),
          graph('Success rate', [
            custom(metricNames.outcomeSucceeded, {
              statistic: Stats.AVERAGE,
              label: 'successes ÷ outcomes',
              period: Duration.hours(1),
            }),
          ]),
        ],
        [
          logQuery('Decisions by type', logsOf('decisions'), [
            `filter message = "${logLines.decisionsLogged}"`,
            'stats sum(n) as decisions by decisionType',
            'sort decisions desc',
          ]),
          logQuery('Outcomes by type', logsOf('decisions'), [
            `filter message = "${logLines.outcomesRecorded}"`,
            'fields n * strcontains(status, "success") as good, n * strcontains(status, "failure") as bad',
            'stats sum(good) as successes, sum(bad) as failures, 100 * sum(good) / (sum(good) + sum(bad)) as successPercent by decisionType',
            'sort successes desc',
          ]),
        ],
        [
          graph('Patterns promoted, updated, retired', [
            custom(metricNames.patternsPromoted, { label: 'promoted', period: DAY }),
            custom(metricNames.patternsUpdated, { label: 'updated', period: DAY }),
            custom(metricNames.patternsRetired, { label: 'retired', period: DAY }),
          ]),
          graph('Mean confidence of promoted patterns', [
            custom(metricNames.patternConfidence, {
              statistic: Stats.AVERAGE,
              label: 'lower bound',
              period: DAY,
            }),
          ]),
        ],
        [
          graph('Signals', [
            custom(metricNames.signalsPublished, { label: 'published' }),
            custom(metricNames.signalLag, { statistic: Stats.SAMPLE_COUNT, label: 'acknowledged' }),
          ]),
          graph('From a signal to its acknowledgement (ms)', [
            custom(metricNames.signalLag, { statistic: 'p50', label: 'half within' }),
            custom(metricNames.signalLag, { statistic: 'p95', label: '95 % within' }),
          ]),
        ],
        [
          logQuery(
            'Short-term hit rate: reads of working memory that found something',
            [accessLogs],
            [
              'filter routeKey = "GET /agents/{agentId}/working/{key}"',
              'stats 100 * sum(strcontains(status, "200")) / count(*) as percent by bin(1h)',
            ],
            LogQueryVisualizationType.LINE,
          ),
          logQuery('Memories by tier, as of each agent’s last night', logsOf('worker'), [
            `filter message = "${logLines.consolidated}" and ispresent(memories.tiers.hot)`,
            'stats latest(memories.tiers.hot) as h, latest(memories.tiers.warm) as w, latest(memories.tiers.cold) as c, latest(memories.tiers.archive) as a by agentId',
            'stats sum(h) as hot, sum(w) as warm, sum(c) as cold, sum(a) as archive',
          ]),
        ],
        [graph('Estimated cost of a month ($), at the pace of each day', [this.#monthlyCost(props)], [], 24)],
      ],
    });
  }

  /** Units of all tables and indexes, requests and nights, at list prices; storage and logs are not in it. */
  #monthlyCost({
    tables,
    api,
    functions,
    workerMemoryMegabytes,
    paidAlarms,
  }: BusinessDashboardProps): IMetric {
    const usingMetrics: Record<string, IMetric> = {};
    const consumed = (kind: 'Write' | 'Read', letter: string) => {
      const ids = Object.entries(schemas).flatMap(([name, { indexes }]) =>
        [undefined, ...Object.values(indexes).map((index) => index.name)].map((index) => {
          const metricId = `${letter}${Object.keys(usingMetrics).length}`;
          const metric = `Consumed${kind}CapacityUnits`;
          usingMetrics[metricId] = tableMetric(metric, tables[name as TableName], index, { period: DAY });
          return metricId;
        }),
      );
      return `SUM([${ids.map((metricId) => `FILL(${metricId}, 0)`).join(', ')}])`;
    };
    const writes = consumed('Write', 'w');
    const reads = consumed('Read', 'r');
    usingMetrics['requests'] = new Metric({
      namespace: 'AWS/ApiGateway',
      metricName: 'Count',
      dimensionsMap: { ApiId: api.apiId },
      statistic: Stats.SUM,
      period: DAY,
    });
    const worker = functions.find(({ name }) => name === 'worker')!;
    usingMetrics['nights'] = lambdaMetric('Duration', worker.function, { period: DAY });
    const { dynamodb, apiGateway, lambda, sqs, cloudWatch } = prices;
    const perRequest =
      apiGateway.request + lambda.request + REQUEST_GIGABYTE_SECONDS * lambda.armGigabyteSecond;
    const perNightMs = (workerMemoryMegabytes / 1024 / 1000) * lambda.armGigabyteSecond;
    const standing = IDLE_POLLS_A_MONTH * sqs.fifoRequest + paidAlarms * cloudWatch.alarmMonth;
    return new MathExpression({
      label: '$ a month',
      period: DAY,
      usingMetrics,
      expression:
        `${DAYS_A_MONTH} * (${writes} * ${decimal(dynamodb.writeUnit)} + ${reads} * ${decimal(dynamodb.readUnit)} + ` +
        `FILL(requests, 0) * ${decimal(perRequest)} + FILL(nights, 0) * ${decimal(perNightMs)}) + ${decimal(standing)}`,
    });
  }
}
