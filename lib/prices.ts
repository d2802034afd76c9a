/**
 * Public on-demand list prices in us-east-1, in dollars, read in November 2026, without free tiers except CloudWatch's,
 * which are named. The dashboard's estimate and `npm run cost` both use them.
 */
export const prices = {
  dynamodb: {
    writeUnit: 0.625e-6,
    readUnit: 0.125e-6,
    streamReadUnit: 0.02e-6,
    storageGigabyteMonth: 0.25,
    backupGigabyteMonth: 0.2,
  },
  apiGateway: { request: 1e-6 },
  lambda: { request: 0.2e-6, armGigabyteSecond: 0.0000133334 },
  sqs: { fifoRequest: 0.5e-6, standardRequest: 0.4e-6 },
  eventBridge: { customEvent: 1e-6, schedulerInvocation: 1e-6 },
  logs: { ingestedGigabyte: 0.5, storedGigabyteMonth: 0.03, queriedGigabyte: 0.005 },
  cloudWatch: {
    metricMonth: 0.3,
    alarmMonth: 0.1,
    dashboardMonth: 3,
    free: { metrics: 10, alarms: 10, dashboards: 3 },
  },
  xray: { trace: 5e-6, freeTraces: 100_000 },
  s3: { put: 5e-6, get: 0.4e-6, gigabyteMonth: 0.023 },
} as const;

/**
 * Lambda polls a mapped queue whether anything is in it or not: five pollers, each asking every 20 seconds. It may go down
 * to two, but only for a standard queue without a maximum concurrency.
 */
export const IDLE_POLLS_A_MONTH = 5 * 3 * 60 * 24 * 30;
