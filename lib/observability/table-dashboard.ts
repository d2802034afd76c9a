import { Duration } from 'aws-cdk-lib';
import { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { type TableName, tables as schemas } from '../../lambdas/shared/schema/tables.ts';
import { graph, tableMetric } from './watched.ts';

export interface TableDashboardProps {
  readonly stage: string;
  readonly tables: Readonly<Record<TableName, ITableV2>>;
}

/** Capacity by table and by index, and what was throttled: an index that throttles stops the writes of its table. */
export class TableDashboard extends Construct {
  constructor(scope: Construct, id: string, { stage, tables }: TableDashboardProps) {
    super(scope, id);
    const names = Object.keys(schemas) as TableName[];
    const consumed = (kind: 'Write' | 'Read', name: TableName) =>
      [undefined, ...Object.values(schemas[name].indexes).map((index) => index.name)].map((index) =>
        tableMetric(`Consumed${kind}CapacityUnits`, tables[name], index, {
          label: index === undefined ? 'table' : `index ${index}`,
        }),
      );
    const throttled = (kind: 'Write' | 'Read') =>
      names.map((name) => tableMetric(`${kind}ThrottleEvents`, tables[name], undefined, { label: name }));
    new Dashboard(this, 'Dashboard', {
      dashboardName: `agent-memory-${stage}-tables`,
      defaultInterval: Duration.days(1),
      widgets: [
        ...names.map((name) => [
          graph(`${schemas[name].name}: write units`, consumed('Write', name)),
          graph(`${schemas[name].name}: read units`, consumed('Read', name)),
        ]),
        [graph('Writes throttled', throttled('Write')), graph('Reads throttled', throttled('Read'))],
      ],
    });
  }
}
