import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type IMetric,
  LogQueryVisualizationType,
  LogQueryWidget,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { type MetricName, metricSources, metricsNamespace } from '../../lambdas/shared/schema/metrics.ts';

/** What dashboards look at. A dashboard of up to 50 metrics is free, and three of them are. */
export interface WatchedFunction {
  readonly name: string;
  readonly function: Function;
}

interface MetricOptions {
  readonly statistic?: string;
  readonly label?: string;
  readonly period?: Duration;
}

/** A metric the service emits itself; its `service` dimension is the function that emits it. */
export const customMetric = (stage: string, name: MetricName, options: MetricOptions = {}): Metric =>
  new Metric({
    namespace: metricsNamespace(stage),
    metricName: name,
    dimensionsMap: { service: metricSources[name] },
    statistic: Stats.SUM,
    period: Duration.minutes(5),
    ...options,
  });

export const lambdaMetric = (metricName: string, fn: IFunction, options: MetricOptions = {}): Metric =>
  new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: fn.functionName },
    statistic: Stats.SUM,
    ...options,
  });

/** Of a table, or of one index of it. */
export const tableMetric = (
  metricName: string,
  table: ITableV2,
  index: string | undefined,
  options: MetricOptions = {},
): Metric =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: {
      TableName: table.tableName,
      ...(index !== undefined && { GlobalSecondaryIndexName: index }),
    },
    statistic: Stats.SUM,
    ...options,
  });

export const graph = (title: string, left: IMetric[], right: IMetric[] = [], width = 12): GraphWidget =>
  new GraphWidget({ title, left, right, width, height: 6, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } });

/** A question to the log lines: $0.005 for each gigabyte it reads, only when somebody looks. */
export const logQuery = (
  title: string,
  logGroups: readonly ILogGroup[],
  queryLines: string[],
  view: LogQueryVisualizationType = LogQueryVisualizationType.TABLE,
): LogQueryWidget =>
  new LogQueryWidget({
    title,
    logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
    queryLines,
    view,
    width: 12,
    height: 6,
  });
