/**
 * One execution environment of a Lambda function: a thread with the function's own environment, which imports the
 * bundled code once and then answers one event at a time. Plain JavaScript, so a thread needs no TypeScript loader.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

const { directory, handler, name, arn, memoryMegabytes } = workerData;

/** @returns {Promise<Function>} */
async function load() {
  const dot = handler.lastIndexOf('.');
  const file = readdirSync(directory).find((entry) =>
    ['.mjs', '.js', '.cjs'].some((extension) => entry === handler.slice(0, dot) + extension),
  );
  if (!file) throw new Error(`${handler}: there is no such module in the bundle`);
  const loaded = await import(pathToFileURL(join(directory, file)).href);
  const found = loaded[handler.slice(dot + 1)] ?? loaded.default?.[handler.slice(dot + 1)];
  if (typeof found !== 'function') throw new Error(`${handler} is undefined or not exported`);
  return found;
}

const loading = load();
loading.catch(() => undefined);

const failure = (error, fatal) => ({
  fatal,
  error: {
    errorType: error?.name ?? typeof error,
    errorMessage: error?.message ?? String(error),
    trace: String(error?.stack ?? '').split('\n'),
  },
});

parentPort.on('message', async ({ event, requestId, timeoutMs }) => {
  let run;
  try {
    run = await loading;
  } catch (error) {
    parentPort.postMessage(failure(error, true));
    return;
  }
  // Loading the code does not count against the function's own time, as on Lambda.
  parentPort.postMessage({ started: true });
  const deadline = Date.now() + timeoutMs;
  const context = {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: String(memoryMegabytes),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const result = await run(JSON.parse(event), context);
    parentPort.postMessage({ payload: JSON.stringify(result ?? null) });
  } catch (error) {
    parentPort.postMessage(failure(error, false));
  }
});
