import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Dashboard, LogQueryVisualizationType, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { metricNames } from '../../lambdas/shared/schema/metrics.ts';
import { customMetric, graph, lambdaMetric, logQuery, type WatchedFunction } from './watched.ts';

export interface TechnicalDashboardProps {
  readonly stage: string;
  readonly api: HttpApi;
  readonly accessLogs: ILogGroup;
  readonly functions: readonly WatchedFunction[];
  /** Functions that read a stream: how far behind they are. */
  readonly streamReaders: readonly WatchedFunction[];
  readonly workQueue: Queue;
  readonly workDeadLetters: Queue;
  readonly runDeadLetters: Queue;
}

/** Whether it runs: latency, errors, what waits and what was dropped, nights, cold starts. */
export class TechnicalDashboard extends Construct {
  constructor(scope: Construct, id: string, props: TechnicalDashboardProps) {
    super(scope, id);
    const { stage, api, accessLogs, functions, streamReaders } = props;
    const { workQueue, workDeadLetters, runDeadLetters } = props;
    const apiMetric = (metricName: string, statistic: string, label: string) =>
      new Metric({
        namespace: 'AWS/ApiGateway',
        metricName,
        dimensionsMap: { ApiId: api.apiId },
        statistic,
        label,
      });
    const worker = functions.find(({ name }) => name === 'worker')!.function;
    const allLogs = functions.map((one) => one.function.logGroup);
    const visible = (queue: Queue, label: string) =>
      queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, label });
    new Dashboard(this, 'Dashboard', {
      dashboardName: `agent-memory-${stage}-technical`,
      defaultInterval: Duration.days(1),
      widgets: [
        [
          graph('Requests', [
            apiMetric('Count', Stats.SUM, 'requests'),
            apiMetric('4xx', Stats.SUM, '4xx'),
            apiMetric('5xx', Stats.SUM, '5xx'),
          ]),
          graph('Latency of requests (ms)', [
            apiMetric('Latency', 'p50', 'p50'),
            apiMetric('Latency', 'p90', 'p90'),
            apiMetric('Latency', 'p99', 'p99'),
          ]),
        ],
        [
          logQuery(
            'Latency by route (ms)',
            [accessLogs],
            [
              'stats count(*) as requests, pct(latency, 50) as p50, pct(latency, 99) as p99, sum(strcontains(substr(status, 0, 1), "5")) as failed by routeKey',
              'sort requests desc',
              'limit 100',
            ],
          ),
          // By the log, because a metric a function would fill the free dashboard as functions are added.
          logQuery('Functions: duration (ms), cold starts, memory', allLogs, [
            'filter type = "platform.report"',
            'stats count(*) as invocations, pct(record.metrics.durationMs, 50) as p50, pct(record.metrics.durationMs, 99) as p99, count(record.metrics.initDurationMs) as coldStarts, pct(record.metrics.initDurationMs, 95) as p95Start, max(record.metrics.maxMemoryUsedMB) as megabytes by @log',
            'sort invocations desc',
          ]),
        ],
        [
          graph(
            'Errors of functions',
            functions.map(({ name, function: fn }) => lambdaMetric('Errors', fn, { label: name })),
            [
              new Metric({
                namespace: 'AWS/Lambda',
                metricName: 'Throttles',
                statistic: Stats.SUM,
                label: 'throttled',
              }),
            ],
            24,
          ),
        ],
        [
          graph(
            'Consolidation of an agent (ms)',
            [
              lambdaMetric('Duration', worker, { statistic: 'p50', label: 'half within' }),
              lambdaMetric('Duration', worker, { statistic: Stats.MAXIMUM, label: 'longest' }),
            ],
            [
              customMetric(stage, metricNames.consolidationRunsStarted, { label: 'nights started' }),
              customMetric(stage, metricNames.agentConsolidationsFailed, { label: 'agents failed for good' }),
            ],
          ),
          graph(
            'What waits, and what was dropped',
            [
              visible(workQueue, 'agents waiting'),
              visible(workDeadLetters, 'agents dropped'),
              visible(runDeadLetters, 'runs dropped'),
            ],
            streamReaders.map(({ name, function: fn }) =>
              lambdaMetric('IteratorAge', fn, { statistic: Stats.MAXIMUM, label: `${name} behind (ms)` }),
            ),
          ),
        ],
        [
          logQuery(
            'Nights: decisions read and time taken',
            [functions.find(({ name }) => name === 'worker')!.function.logGroup],
            [
              'filter ispresent(totals.decisions)',
              'stats sum(totals.decisions) as decisions, sum(durationMs) / 1000 as seconds, sum(totals.readUnits) as readUnits, sum(totals.writeUnits) as writeUnits by bin(1d)',
            ],
            LogQueryVisualizationType.TABLE,
          ),
        ],
      ],
    });
  }
}
