import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RouteSpec } from './assembly.ts';
import { FunctionError, type Functions } from './functions.ts';
import { createRouter, type RouteMatch } from './http-routes.ts';
import { ACCOUNT } from './template-values.ts';
import { createWebGuard } from './web-guard.ts';

/** Lambda's limit of an event and of an answer. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** API Gateway gives up a little before the function's own limit of 30 s for an integration. */
const INTEGRATION_TIMEOUT_MS = 29_000;

/** How much of a refused body is read away, so that its sender gets to read the answer. */
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;

const TEXT_TYPES = /^(text\/|application\/([\w.+-]*\+)?(json|xml|javascript)\b)/i;

/** An answer of API Gateway itself; its bodies are `{ "message": … }`. */
class GatewayError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).byteLength;
    if (size > MAX_DRAINED_BYTES) break;
    if (size <= MAX_PAYLOAD_BYTES) chunks.push(chunk as Buffer);
    else chunks.length = 0;
  }
  if (size > MAX_PAYLOAD_BYTES) throw new GatewayError(413, 'Request Entity Too Large');
  return Buffer.concat(chunks);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headersDistinct)
      .filter(([name]) => name !== 'cookie')
      .map(([name, values]) => [name, (values ?? []).join(',')]),
  );
}

function queryOf(rawQueryString: string): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(values);
}

/** Text goes as it is; anything else, and text that is no UTF-8, in base64. */
function bodyOf(request: IncomingMessage, body: Buffer) {
  if (body.byteLength === 0) return { isBase64Encoded: false };
  const isText = TEXT_TYPES.test(request.headers['content-type'] ?? '') && isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

interface RequestTarget {
  readonly rawPath: string;
  readonly rawQueryString: string;
}

/** The path exactly as it was sent; only an absolute-form target loses its origin. */
function targetOf(url: string): RequestTarget {
  const relative = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const [path = '', ...query] = relative.split('#')[0]!.split('?');
  return { rawPath: path.startsWith('/') ? path : `/${path}`, rawQueryString: query.join('?') };
}

function toEvent(
  request: IncomingMessage,
  requestId: string,
  { rawPath, rawQueryString }: RequestTarget,
  match: RouteMatch,
  body: Buffer,
): unknown {
  const query = queryOf(rawQueryString);
  const cookies = (request.headersDistinct['cookie'] ?? []).flatMap((header) => header.split('; '));
  const now = new Date();
  return {
    version: '2.0',
    routeKey: match.routeKey,
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: headersOf(request),
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'local',
      domainName: request.headers.host ?? '',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: match.routeKey,
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(match.pathParameters).length > 0 && { pathParameters: match.pathParameters }),
    ...bodyOf(request, body),
  };
}

interface LambdaResult {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** What is not in the structured form is the JSON body of a 200, as in payload format 2.0. */
function toResult(payload: string): LambdaResult {
  const parsed = JSON.parse(payload) as LambdaResult | string | null;
  if (parsed !== null && typeof parsed === 'object' && 'statusCode' in parsed) return parsed;
  const body = typeof parsed === 'string' ? parsed : payload;
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body };
}

function send(request: IncomingMessage, response: ServerResponse, requestId: string, result: LambdaResult) {
  const { statusCode = 200, headers = {}, cookies, body = '', isBase64Encoded } = result;
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  response.writeHead(statusCode, {
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    ...(cookies && { 'set-cookie': [...cookies] }),
    'apigw-requestid': requestId,
    'content-length': String(bytes.byteLength),
    // What was not read to its end would be taken for the next request.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Rejects with what API Gateway answers when an integration takes too long. */
function withinTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new GatewayError(503, 'Service Unavailable')),
      INTEGRATION_TIMEOUT_MS,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Turns HTTP requests into API Gateway v2 events, and what the functions return into answers. */
export class HttpServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port 0 for any free one; @param allowedHosts beside loopback; @throws Error as listen() does */
  static async start(
    port: number,
    routes: readonly RouteSpec[],
    functions: Functions,
    log: (text: string) => void,
    allowedHosts: readonly string[] = [],
  ): Promise<HttpServer> {
    const route = createRouter(routes);
    const refusedHeader = createWebGuard(allowedHosts);

    const handle = async (request: IncomingMessage, requestId: string): Promise<LambdaResult> => {
      const refused = refusedHeader(request.headers);
      // 403, as API Gateway answers a Host it does not know. A 421 would have browsers try again.
      if (refused) throw new GatewayError(403, `Forbidden: this ${refused} is not in ALLOWED_HOSTS`);
      const target = targetOf(request.url ?? '/');
      let match: RouteMatch | undefined;
      try {
        match = route(request.method ?? '', target.rawPath);
      } catch {
        throw new GatewayError(400, 'Bad Request');
      }
      if (!match) throw new GatewayError(404, 'Not Found');
      const body = await readBody(request);
      const event = toEvent(request, requestId, target, match, body);
      const payload = await withinTimeout(functions.invoke(match.functionArn, event, requestId));
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES)
        throw new Error(`the answer of ${match.routeKey} is over 6 MB`);
      return toResult(payload);
    };

    const toFailure = (error: unknown): LambdaResult => {
      if (!(error instanceof GatewayError)) log(`${(error as Error).message}\n`);
      const { status, message } =
        error instanceof GatewayError
          ? error
          : error instanceof FunctionError && error.errorType === 'TooManyRequestsException'
            ? new GatewayError(429, 'Too Many Requests')
            : new GatewayError(500, 'Internal Server Error');
      return {
        statusCode: status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message }),
      };
    };

    const server = createServer((request, response) => {
      const requestId = randomUUID();
      request.on('error', () => undefined);
      handle(request, requestId)
        .catch(toFailure)
        .then((result) => send(request, response, requestId, result))
        .catch((error: unknown) => {
          log(`${(error as Error).message}\n`);
          response.destroy();
        });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new HttpServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers what is under way, for two seconds at most. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), 2_000);
    await closed;
    clearTimeout(timer);
  }
}
