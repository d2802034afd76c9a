import type { Assembly } from './templates.ts';

/** One metric something looks at. */
export interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- templates are read, field by field
type Json = any;

export interface WatchingDashboard {
  readonly name: string;
  /** Every metric of every widget, once for each time it is drawn, or part of an expression that is. */
  readonly metrics: readonly WatchedMetric[];
  readonly expressions: readonly string[];
  readonly logQueries: readonly { readonly title: string; readonly query: string }[];
}

export const dashboardsOf = (assembly: Assembly): WatchingDashboard[] =>
  assembly.ofType('AWS::CloudWatch::Dashboard').map(({ properties }) => {
    const { widgets } = JSON.parse(assembly.text(properties.DashboardBody)) as { widgets: Json[] };
    const drawn = widgets.flatMap((widget) => (widget.properties.metrics ?? []) as Json[][]);
    return {
      name: properties.DashboardName,
      metrics: drawn.flatMap((metric) => (typeof metric[0] === 'string' ? [read(metric)] : [])),
      expressions: drawn.flatMap(([first]) => (first?.expression ? [first.expression as string] : [])),
      logQueries: widgets
        .filter(({ type }) => type === 'log')
        .map(({ properties: { title, query } }) => ({ title, query })),
    };
  });

export const dashboardMetrics = (assembly: Assembly): WatchedMetric[] =>
  dashboardsOf(assembly).flatMap(({ metrics }) => metrics);

function read([namespace, name, ...rest]: Json[]): WatchedMetric {
  const pairs = rest.filter((part): part is string => typeof part === 'string');
  const dimensions: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) dimensions[pairs[i]!] = pairs[i + 1]!;
  return { namespace, name, dimensions };
}

/** The metrics of one alarm: one, or those an expression is made of. */
export function alarmMetrics(assembly: Assembly, properties: Json): WatchedMetric[] {
  const read = (metric: Json): WatchedMetric => ({
    namespace: metric.Namespace,
    name: metric.MetricName,
    dimensions: Object.fromEntries(
      (metric.Dimensions ?? []).map(({ Name, Value }: Json) => [Name, assembly.text(Value)]),
    ),
  });
  if (properties.MetricName) return [read(properties)];
  return properties.Metrics.flatMap(({ MetricStat }: Json) => (MetricStat ? [read(MetricStat.Metric)] : []));
}
