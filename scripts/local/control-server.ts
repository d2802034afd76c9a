import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FunctionSpec } from './assembly.ts';
import { FunctionError, type Functions } from './functions.ts';
import { type LocalQueue, md5 } from './queue.ts';
import { ACCOUNT, REGION } from './template-values.ts';
import { createWebGuard } from './web-guard.ts';

/** What the local twins of SQS, EventBridge and Lambda act on. Known only once the templates are read. */
export interface ControlTargets {
  readonly queues: ReadonlyMap<string, LocalQueue>;
  readonly buses: readonly string[];
  readonly functions: Functions;
  readonly eventsFile: string;
  readonly giveUp: (spec: FunctionSpec, error: FunctionError, event: unknown) => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

/** A call refused as the AWS service refuses it. */
class CallError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

interface PutEventsEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
  readonly Resources?: readonly string[];
  readonly Time?: number;
}

interface SendMessageInput {
  readonly QueueUrl?: string;
  readonly MessageBody?: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

interface SendMessageBatchInput {
  readonly QueueUrl?: string;
  readonly Entries?: readonly (SendMessageInput & { readonly Id: string })[];
}

const MAX_EVENT_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 1024 * 1024;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** EventBridge: every accepted event becomes one line of the events file, as a rule's target would receive it. */
function putEvents(targets: ControlTargets, entries: readonly PutEventsEntry[]): unknown {
  const results = entries.map((entry) => {
    const { Source, DetailType, Detail, EventBusName = 'default', Resources = [], Time } = entry;
    const bus = EventBusName.split('/').at(-1)!;
    if (!targets.buses.includes(bus))
      throw new CallError('ResourceNotFoundException', `Event bus ${bus} does not exist.`);
    if (!Source || !DetailType || !Detail)
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: 'Parameter Source, DetailType or Detail is missing.',
      };
    if (!isJson(Detail)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    if (Buffer.byteLength(Source + DetailType + Detail) > MAX_EVENT_BYTES)
      throw new CallError(
        'ValidationException',
        'Total size of the entries in the request is over the limit.',
      );
    const id = randomUUID();
    const event = {
      version: '0',
      id,
      'detail-type': DetailType,
      source: Source,
      account: ACCOUNT,
      time: new Date(Time === undefined ? Date.now() : Time * 1000).toISOString(),
      region: REGION,
      resources: Resources,
      detail: JSON.parse(Detail) as unknown,
    };
    appendFileSync(targets.eventsFile, `${JSON.stringify(event)}\n`);
    return { EventId: id };
  });
  return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
}

function queueOf(targets: ControlTargets, url: string | undefined): LocalQueue {
  const queue = targets.queues.get(String(url).split('/').at(-1)!);
  if (!queue)
    throw new CallError('com.amazonaws.sqs#QueueDoesNotExist', 'The specified queue does not exist.');
  return queue;
}

function sendMessage(targets: ControlTargets, input: SendMessageInput) {
  const { MessageBody: body, MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = input;
  if (!body || Buffer.byteLength(body) > MAX_MESSAGE_BYTES)
    throw new CallError('InvalidParameterValue', 'The message body is empty or too long.');
  try {
    const message = queueOf(targets, input.QueueUrl).send(body, { groupId, deduplicationId });
    const { messageId, sequenceNumber } = message;
    return {
      MessageId: messageId,
      MD5OfMessageBody: md5(body),
      ...(groupId && { SequenceNumber: sequenceNumber }),
    };
  } catch (error) {
    if (error instanceof RangeError) throw new CallError('MissingParameter', error.message);
    throw error;
  }
}

function sendMessageBatch(targets: ControlTargets, { QueueUrl, Entries = [] }: SendMessageBatchInput) {
  if (Entries.length === 0 || Entries.length > 10)
    throw new CallError('com.amazonaws.sqs#TooManyEntriesInBatchRequest', 'A batch holds 1 to 10 entries.');
  queueOf(targets, QueueUrl);
  const Successful: unknown[] = [];
  const Failed: unknown[] = [];
  for (const { Id, ...entry } of Entries)
    try {
      Successful.push({ Id, ...sendMessage(targets, { ...entry, QueueUrl }) });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      Failed.push({ Id, SenderFault: true, Code: error.type, Message: error.message });
    }
  return { Successful, Failed };
}

async function invokeFunction(
  targets: ControlTargets,
  name: string,
  type: string,
  body: string,
): Promise<Answer> {
  const { functions, giveUp } = targets;
  if (!functions.spec(name))
    throw new CallError('ResourceNotFoundException', `Function not found: ${name}`, 404);
  const event: unknown = body === '' ? {} : JSON.parse(body);
  if (type === 'DryRun') return { status: 204, body: '' };
  if (type === 'Event') {
    void functions.invokeLater(name, event, (spec, error) => giveUp(spec, error, event));
    return { status: 202, body: '' };
  }
  try {
    return { status: 200, body: await functions.invoke(name, event) };
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    return { status: 200, body: error.toPayload(), headers: { 'x-amz-function-error': 'Unhandled' } };
  }
}

async function answer(targets: ControlTargets, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const { pathname } = new URL(request.url ?? '/', 'http://local');
  const invocation = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname);
  if (invocation) {
    const type = String(request.headers['x-amz-invocation-type'] ?? 'RequestResponse');
    return invokeFunction(targets, decodeURIComponent(invocation[1]!), type, body);
  }
  const operation = String(request.headers['x-amz-target'] ?? '');
  const input: unknown = JSON.parse(body || '{}');
  const result = (() => {
    switch (operation) {
      case 'AWSEvents.PutEvents':
        return putEvents(targets, (input as { Entries?: PutEventsEntry[] }).Entries ?? []);
      case 'AmazonSQS.SendMessage':
        return sendMessage(targets, input as SendMessageInput);
      case 'AmazonSQS.SendMessageBatch':
        return sendMessageBatch(targets, input as SendMessageBatchInput);
      default:
        throw new CallError('UnknownOperationException', `'${operation}' has no local twin.`);
    }
  })();
  return { status: 200, body: JSON.stringify(result) };
}

function respond(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(body);
}

/** Only functions on this machine call it, so no name beside loopback is allowed. */
const refusedHeader = createWebGuard();

/** One loopback server that speaks just the calls the functions make of SQS, EventBridge and Lambda. */
export class ControlServer {
  readonly #server: Server;
  #targets: ControlTargets | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        (result) => respond(response, result),
        (error: unknown) => {
          const known =
            error instanceof CallError ? error : new CallError('InternalFailure', String(error), 500);
          const type = known.type.split('#').at(-1)!;
          respond(response, {
            status: known.status,
            body: JSON.stringify({ __type: known.type, message: known.message }),
            headers: { 'x-amzn-errortype': type },
          });
        },
      );
    });
  }

  static async start(): Promise<ControlServer> {
    const control = new ControlServer();
    await new Promise<void>((resolve, reject) =>
      control.#server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    return control;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  serve(targets: ControlTargets): void {
    this.#targets = targets;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const refused = refusedHeader(request.headers);
    if (refused) throw new CallError('AccessDeniedException', `this ${refused} is not allowed`, 403);
    if (!this.#targets) throw new CallError('ServiceUnavailable', 'not ready', 503);
    return answer(this.#targets, request);
  }
}
