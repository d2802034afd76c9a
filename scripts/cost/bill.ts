import { IDLE_POLLS_A_MONTH, prices } from '../../lib/prices.ts';

/** What a month takes of each service. */
export interface Usage {
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Tables and their indexes; backed up as well. */
  readonly storedGigabytes: number;
  readonly requests: number;
  readonly invocations: number;
  readonly gigabyteSeconds: number;
  readonly mappedQueues: number;
  readonly busEvents: number;
  readonly scheduled: number;
  readonly logGigabytes: number;
  readonly traces: number;
  readonly metrics: number;
  readonly alarms: number;
  readonly dashboards: number;
  readonly archivedObjects: number;
  readonly archivedGigabytes: number;
}

export interface Line {
  readonly service: string;
  readonly what: string;
  /** At list prices; of CloudWatch and X-Ray what is beyond their standing free allowance. */
  readonly dollars: number;
  /** Beyond the free allowances every account keeps for good. */
  readonly beyondFree: number;
}

const over = (used: number, free: number): number => Math.max(0, used - free);
const FREE = {
  lambdaRequests: 1e6,
  lambdaGigabyteSeconds: 400_000,
  sqsRequests: 1e6,
  storedGigabytes: 25,
  logGigabytes: 5,
} as const;

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The bill by service. */
export function billOf(usage: Usage): Line[] {
  const { dynamodb, apiGateway, lambda, sqs, eventBridge, logs, cloudWatch, xray, s3 } = prices;
  const { free } = cloudWatch;
  const units = usage.writeUnits * dynamodb.writeUnit + usage.readUnits * dynamodb.readUnit;
  const backup = usage.storedGigabytes * dynamodb.backupGigabyteMonth;
  const polls = usage.mappedQueues * IDLE_POLLS_A_MONTH;
  const traces = over(usage.traces, xray.freeTraces) * xray.trace;
  const logDollars = (gigabytes: number) => gigabytes * (logs.ingestedGigabyte + logs.storedGigabyteMonth);
  const watching =
    over(usage.metrics, free.metrics) * cloudWatch.metricMonth +
    over(usage.alarms, free.alarms) * cloudWatch.alarmMonth;
  const dashboards = over(usage.dashboards, free.dashboards) * cloudWatch.dashboardMonth;
  const bus = usage.busEvents * eventBridge.customEvent + usage.scheduled * eventBridge.schedulerInvocation;
  const archive = usage.archivedObjects * s3.put + usage.archivedGigabytes * s3.gigabyteMonth;
  const line = (service: string, what: string, dollars: number, beyondFree = dollars): Line => ({
    service,
    what,
    dollars,
    beyondFree,
  });
  return [
    line('DynamoDB', `${count(usage.writeUnits)} write units, ${count(usage.readUnits)} read units`, units),
    line(
      'DynamoDB',
      `${usage.storedGigabytes} GB stored and backed up`,
      usage.storedGigabytes * dynamodb.storageGigabyteMonth + backup,
      over(usage.storedGigabytes, FREE.storedGigabytes) * dynamodb.storageGigabyteMonth + backup,
    ),
    line('API Gateway', `${count(usage.requests)} requests`, usage.requests * apiGateway.request),
    line(
      'Lambda',
      `${count(usage.invocations)} invocations, ${count(usage.gigabyteSeconds)} GB-seconds`,
      usage.invocations * lambda.request + usage.gigabyteSeconds * lambda.armGigabyteSecond,
      over(usage.invocations, FREE.lambdaRequests) * lambda.request +
        over(usage.gigabyteSeconds, FREE.lambdaGigabyteSeconds) * lambda.armGigabyteSecond,
    ),
    line(
      'SQS',
      `${usage.mappedQueues} mapped queue, ${count(polls)} polls`,
      polls * sqs.fifoRequest,
      over(polls, FREE.sqsRequests) * sqs.fifoRequest,
    ),
    line('EventBridge', `${count(usage.busEvents)} events, ${count(usage.scheduled)} schedules`, bus),
    line('S3', `${count(usage.archivedObjects)} archived objects`, archive),
    line(
      'CloudWatch',
      `${usage.logGigabytes.toFixed(2)} GB of logs`,
      logDollars(usage.logGigabytes),
      logDollars(over(usage.logGigabytes, FREE.logGigabytes)),
    ),
    line('CloudWatch', `${usage.metrics} metrics, ${usage.alarms} alarms (10 of each are free)`, watching),
    line('CloudWatch', `${usage.dashboards} dashboards (3 are free)`, dashboards),
    line('X-Ray', `${count(usage.traces)} traces (100,000 are free)`, traces),
  ];
}

export interface Peer {
  readonly name: string;
  readonly dollars: number;
  readonly how: string;
}

/** What the same month costs elsewhere, at list prices. */
export const peersOf = (writes: number, reads: number): Peer[] => [
  {
    name: 'AgentCore Memory',
    dollars: (writes * 0.25 + reads * 0.5) / 1000,
    how: '$0.25 per 1,000 events, $0.50 per 1,000 retrievals (and $0.75 per 1,000 long-term records a month)',
  },
];
