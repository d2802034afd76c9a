import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { type Assembly, type FunctionSpec, readAssembly } from './assembly.ts';
import { ControlServer } from './control-server.ts';
import { holdDataDirectory } from './data-directory.ts';
import { PrerequisiteError, startEmulator } from './emulator.ts';
import { type FunctionError, Functions } from './functions.ts';
import { HttpServer } from './http-server.ts';
import { nameOfArn } from './identities.ts';
import { QueueMapping } from './queue-mapping.ts';
import { LocalQueue } from './queue.ts';
import { announce } from './running-service.ts';
import { startSchedule } from './schedules.ts';
import { Checkpoint, StreamMapping } from './stream-mapping.ts';
import { makeWorkDirectory, synthesize } from './synthesis.ts';
import { createTable } from './tables.ts';
import { TableStream } from './table-stream.ts';
import { REGION } from './template-values.ts';

export interface ServiceOptions {
  /** 0 for any free one. @default 3000 */
  readonly port?: number;
  /** Host names that requests may be sent to, and come from pages of, beside loopback. @default - none */
  readonly allowedHosts?: readonly string[];
  /** Where data is kept. @default - in memory, gone when the service stops */
  readonly dataDirectory?: string;
  /** Keeps what functions log to itself. @default false, it goes to stderr */
  readonly quiet?: boolean;
  /** Level functions log at. @default WARN */
  readonly logLevel?: string;
  /** A synthesized cloud assembly to run. @default - the app is synthesized */
  readonly assembly?: string;
  /** Puts something between the functions and DynamoDB Local. @returns where the functions find it */
  readonly database?: (endpoint: string) => Promise<string>;
  /** Told what is being waited for. */
  readonly onProgress?: (text: string) => void;
  /** The emulator ended on its own: nothing works any more. */
  readonly onFailure?: (error: Error) => void;
}

export interface LocalService {
  readonly url: string;
  /** Of DynamoDB Local. */
  readonly endpoint: string;
  /** What reached the event bus: one event a line; absent until there is one. */
  readonly eventsFile: string;
  /** Stops everything it started; may be called again. */
  stop(): Promise<void>;
}

export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Fails before anything has started; what takes the port meanwhile still fails at `listen`. */
async function assertPortFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done)).catch(
    (error: NodeJS.ErrnoException) => {
      throw toPortError(port, error);
    },
  );
  await new Promise((done) => server.close(done));
}

function toPortError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new PrerequisiteError(`port ${port} is already in use; set PORT to another one`);
  if (error.code === 'EACCES')
    return new PrerequisiteError(`port ${port} may not be used by this user; set PORT to another one`);
  return error;
}

/** On top of what the templates say: where the local twins are, no signatures, no tracing. */
const functionEnvironment = (endpoint: string, controlUrl: string, home: string, logLevel: string) => ({
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ENDPOINT_URL_EVENTBRIDGE: controlUrl,
  AWS_ENDPOINT_URL_SQS: controlUrl,
  AWS_ENDPOINT_URL_LAMBDA: controlUrl,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  ARCHIVE_FOLDER: join(home, 'archive'),
  AUTH_MODE: 'none',
  POWERTOOLS_TRACE_ENABLED: 'false',
  POWERTOOLS_METRICS_DISABLED: process.env['POWERTOOLS_METRICS_DISABLED'] ?? 'true',
  POWERTOOLS_LOG_LEVEL: logLevel,
});

function createQueues(assembly: Assembly, directory: string | undefined): Map<string, LocalQueue> {
  if (directory) mkdirSync(directory, { recursive: true });
  const queues = new Map<string, LocalQueue>();
  for (const spec of assembly.queues)
    queues.set(
      spec.name,
      new LocalQueue(spec, {
        file: directory && join(directory, `${spec.name}.jsonl`),
        deadLetters: () => spec.redrive && queues.get(nameOfArn(spec.redrive.deadLetterArn)),
      }),
    );
  return queues;
}

/** What an asynchronous invocation that failed every time leaves behind. */
const toFailureRecord = (spec: FunctionSpec, error: FunctionError, event: unknown): string =>
  JSON.stringify({
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: { functionArn: spec.arn, condition: 'RetriesExhausted' },
    requestPayload: event,
    responsePayload: JSON.parse(error.toPayload()) as unknown,
  });

/**
 * Runs the deployed service on this machine: what the synthesized templates say, on local twins of what they use.
 *
 * @throws PrerequisiteError with one line to show, when Java, the port or the data directory is not to be had
 */
export async function startService(options: ServiceOptions = {}): Promise<LocalService> {
  const { port = 3000, quiet = false, logLevel = 'WARN', onProgress = () => undefined } = options;
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const log = (text: string) => void (quiet || process.stderr.write(text));
  /** What has started, newest last: stopped in reverse, also when a later part fails to start. */
  const started: (() => void | Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      for (const end of started.splice(0).reverse())
        await Promise.resolve(end()).catch((error: Error) => log(`${error.message}\n`));
    })());

  /** Done even when the process ends without `stop`. */
  const atEnd = (end: () => void) => {
    process.once('exit', end);
    started.push(() => {
      process.off('exit', end);
      end();
    });
  };

  try {
    if (port !== 0) await assertPortFree(port);
    const data = options.dataDirectory === undefined ? undefined : resolve(options.dataDirectory);
    if (data !== undefined) {
      const held = holdDataDirectory(data);
      atEnd(() => held.release());
    }
    const work = makeWorkDirectory();
    atEnd(() => rmSync(work, { recursive: true, force: true }));
    const home = data ?? work;

    const control = await ControlServer.start();
    started.push(() => control.stop());

    onProgress('starting DynamoDB Local and synthesizing the app');
    if (data) mkdirSync(join(data, 'dynamodb'), { recursive: true });
    const startingEmulator = startEmulator(data && join(data, 'dynamodb')).then((emulator) => {
      started.push(() => emulator.stop());
      void emulator.exited.then(() => {
        if (!stopping) options.onFailure?.(new Error('DynamoDB Local ended on its own'));
      });
      return emulator;
    });
    const outdir = options.assembly ?? join(work, 'cdk.out');
    // Settled, both of them, before either failure is acted on: nothing may start after the clean-up.
    const synthesized = options.assembly ? Promise.resolve() : synthesize(outdir);
    await Promise.allSettled([startingEmulator, synthesized]);
    const emulator = await startingEmulator;
    await synthesized;

    onProgress('creating the tables');
    const assembly = readAssembly(outdir, control.url);
    const client = { endpoint: emulator.endpoint, region: REGION, credentials: CREDENTIALS };
    const dynamodb = new DynamoDBClient(client);
    started.push(() => dynamodb.destroy());
    await Promise.all(assembly.tables.map(({ name, resource }) => createTable(dynamodb, name, resource)));

    const database = (await options.database?.(emulator.endpoint)) ?? emulator.endpoint;
    const functions = new Functions(assembly.functions, {
      environment: functionEnvironment(database, control.url, home, logLevel),
      log,
    });
    started.push(() => functions.stop());
    const queues = createQueues(assembly, data && join(data, 'queues'));
    const eventsFile = join(home, 'events.jsonl');
    const giveUp = async (spec: FunctionSpec, error: FunctionError, event: unknown) => {
      const queue = spec.onFailure === undefined ? undefined : queues.get(nameOfArn(spec.onFailure));
      queue?.send(toFailureRecord(spec, error, event));
      log(`${spec.name} failed for good: ${error.message}\n`);
    };
    control.serve({ queues, buses: ['default', ...assembly.buses], functions, eventsFile, giveUp });

    const streams = new DynamoDBStreamsClient(client);
    started.push(() => streams.destroy());
    for (const mapping of assembly.mappings) {
      const queue = queues.get(nameOfArn(mapping.sourceArn));
      if (queue) {
        const feed = new QueueMapping(mapping, queue, functions, log);
        started.push(() => feed.stop());
        feed.start();
        continue;
      }
      const table = assembly.tables.find(({ streamArn }) => streamArn === mapping.sourceArn);
      if (!table)
        throw new Error(`${mapping.id} reads from ${mapping.sourceArn}, which is not in the templates`);
      const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table.name }));
      const streamArn = Table?.LatestStreamArn ?? '';
      const checkpoint = new Checkpoint(join(home, 'checkpoints'), mapping.id);
      const source = new TableStream(streams, streamArn, mapping.sourceArn, checkpoint.read(streamArn));
      const feed = new StreamMapping(mapping, source, {
        invoke: (target, event) => functions.invoke(target, event),
        checkpoint: (position) => checkpoint.write(streamArn, position),
        failuresDirectory: join(home, 'relay-failures'),
        log,
      });
      started.push(() => feed.stop());
      feed.start();
    }

    for (const spec of assembly.schedules) {
      const schedule = startSchedule(spec, (target, input) => {
        void functions.invokeLater(target, input, (failed, error) => giveUp(failed, error, input));
      });
      started.push(() => schedule.stop());
    }

    // Once more and earlier in the stop: a feed would otherwise wait for the event it is delivering.
    started.push(() => functions.stop());
    const server = await HttpServer.start(port, assembly.routes, functions, log, options.allowedHosts).catch(
      (error: Error) => {
        throw toPortError(port, error);
      },
    );
    started.push(() => server.stop());
    if (data !== undefined) atEnd(announce(data, { url: server.url, endpoint: emulator.endpoint }));
    return { url: server.url, endpoint: emulator.endpoint, eventsFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
