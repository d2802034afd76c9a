/**
 * The time the service adds to a write. Each operation goes through the real handler and, in turn with it, as the very
 * command the handler sent, straight to the emulator with the SDK. Only the ratio means anything.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { routeKeyOf, type RouteContract } from '../../lambdas/shared/http/contract.ts';
import type { HttpEvent, HttpHandler } from '../../lambdas/shared/http/handler.ts';
import { randomPart, typedId } from '../../lambdas/shared/platform/ids.ts';
import { type Runtime, createRuntime } from '../../lambdas/shared/platform/runtime.ts';
import { SORT_KEY, tables } from '../../lambdas/shared/schema/tables.ts';
import { table, timed, type Timing, timingOf } from '../shared/figures.ts';
import { withServiceTables } from '../shared/service-tables.ts';

/** Rounds before the first that counts. */
const WARM_UP = 500;
const AGENT = 'bench-hunter';
const TARGET = 'bench-executor';

interface WriteResult {
  readonly operation: string;
  readonly handler: Timing;
  readonly raw: Timing;
  /** Commands the handler sent for one operation. */
  readonly commands: number;
}

export interface WriteOptions {
  readonly rounds: number;
  /** Hardly warms up. */
  readonly quick: boolean;
}

type Input = Record<string, unknown>;
interface Command {
  readonly input: Input;
  readonly constructor: unknown;
}

/** A client that remembers what went through it. */
function recording(documents: DynamoDBDocumentClient): {
  documents: DynamoDBDocumentClient;
  sent: Command[];
} {
  const sent: Command[] = [];
  const proxy = new Proxy(documents, {
    get: (target, name) => {
      if (name !== 'send') return Reflect.get(target, name) as unknown;
      return (command: Command) => {
        sent.push(command);
        return target.send(command as never);
      };
    },
  });
  return { documents: proxy, sent };
}

/** The same command with other input, as a caller of the plain SDK would send it. */
const again = (command: Command, input: Input): never =>
  new (command.constructor as new (input: Input) => unknown)(input) as never;

const context = {
  functionName: 'bench',
  awsRequestId: 'bench',
  getRemainingTimeInMillis: () => 29_000,
} as unknown as Context;

function eventOf(route: RouteContract, params: Record<string, string>, body: unknown): HttpEvent {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name]!);
  return {
    version: '2.0',
    routeKey: routeKeyOf(route),
    rawPath: path,
    rawQueryString: '',
    headers: {},
    pathParameters: params,
    body: JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: {
      requestId: randomUUID(),
      stage: '$default',
      http: { method: route.method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'bench' },
      authorizer: { iam: { userArn: 'arn:aws:sts::111122223333:assumed-role/bench/bench' } },
    },
  } as unknown as HttpEvent;
}

async function answered(handler: HttpHandler, event: HttpEvent, status: number): Promise<Input> {
  const result = await handler(event, context);
  if (result.statusCode !== status) throw new Error(`${event.routeKey}: ${result.statusCode} ${result.body}`);
  return JSON.parse(result.body ?? '{}') as Input;
}

interface Operation {
  /** Readies one round, untimed. */
  prepare(
    round: number,
  ): Promise<{ readonly event: HttpEvent; readonly status: number; raw(written: Command): Input }>;
}

/** A B A B …: both meet the same emulator in the same state. */
async function measure(
  name: string,
  handler: HttpHandler,
  client: ReturnType<typeof recording>,
  documents: DynamoDBDocumentClient,
  operation: Operation,
  { rounds, quick }: WriteOptions,
): Promise<WriteResult> {
  const warmUp = quick ? 1 : WARM_UP;
  const through: number[] = [];
  const straight: number[] = [];
  let commands = 0;
  for (let round = 0; round < warmUp + rounds; round++) {
    const { event, status, raw } = await operation.prepare(round);
    client.sent.length = 0;
    const handlerTime = await timed(() => answered(handler, event, status));
    commands = client.sent.length;
    const written = client.sent.at(-1)!;
    const command = again(written, raw(written));
    const rawTime = await timed(() => documents.send(command));
    if (round < warmUp) continue;
    through.push(handlerTime);
    straight.push(rawTime);
  }
  return { operation: name, handler: timingOf(through), raw: timingOf(straight), commands };
}

const decision = {
  decisionType: 'TRADE_EXECUTION',
  context: {
    market: { trend: 'up', volatility: 'low', session: 'asia', rangePosition: 0.42, movePct: -0.31 },
    portfolio: { cash: 10_000, exposure: 0.25 },
  },
  action: 'buy',
  reasoning: { scores: { a: 0.4, b: 0.6 }, selected: ['b'], confidence: 0.6 },
};
const signal = {
  signalType: 'TRADE_SETUP',
  targetAgents: [TARGET],
  severity: 'medium',
  confidence: 0.7,
  data: { coin: 'BTC', side: 'long', price: 8_051.5 },
};

/** The same item under another id, which no put has met. */
function freshItem({ input }: Command, type: string): Input {
  const item = input['Item'] as Input;
  const [timestamp, , target] = String(item[SORT_KEY]).split('#');
  const id = typedId(type, new Date(timestamp!), randomPart());
  const sortKey = [timestamp, id, ...(target === undefined ? [] : [target])].join('#');
  const { ConditionExpression: _condition, ...plain } = input;
  return { TableName: plain['TableName'], Item: { ...item, [SORT_KEY]: sortKey } };
}

/** The environment is that of a function: the handlers read it when they are loaded. */
async function measureAll(options: WriteOptions): Promise<WriteResult[]> {
  const [{ createDecisionsHandler }, { createSignalsHandler }, { createAgentsHandler }] = await Promise.all([
    import('../../lambdas/decisions/decisions.lambda.ts'),
    import('../../lambdas/signals/signals.lambda.ts'),
    import('../../lambdas/agents/agents.lambda.ts'),
  ]);
  const [{ decisionRoutes }, { signalRoutes }, { agentRoutes }] = await Promise.all([
    import('../../lambdas/decisions/contract.ts'),
    import('../../lambdas/signals/contract.ts'),
    import('../../lambdas/agents/contract.ts'),
  ]);
  const runtime = createRuntime('bench');
  const client = recording(runtime.documents);
  const recorded: Runtime = { ...runtime, documents: client.documents };
  const names = Object.fromEntries(
    Object.values(tables).map(({ name, environment }) => [environment, name]),
  ) as Record<(typeof tables)[keyof typeof tables]['environment'], string>;
  const environment = {
    AUTH_MODE: 'iam' as const,
    HEALTH_IDLE_SECONDS: 300,
    HEALTH_INACTIVE_SECONDS: 3600,
    ...names,
  };
  const decisions = createDecisionsHandler(recorded, environment);
  const signals = createSignalsHandler(recorded, environment);
  const agents = createAgentsHandler(recorded, environment);
  for (const agentId of [AGENT, TARGET])
    await answered(agents, eventOf(agentRoutes.putAgent, { agentId }, { type: 'bench' }), 200);

  const log = (token: boolean): Operation => ({
    prepare: async () => ({
      event: eventOf(
        decisionRoutes.logDecision,
        { agentId: AGENT },
        { ...decision, ...(token && { clientToken: randomUUID(), timestamp: new Date().toISOString() }) },
      ),
      status: 201,
      raw: (written) => freshItem(written, decision.decisionType),
    }),
  });
  const publish = eventOf(signalRoutes.publishSignal, { agentId: AGENT }, signal);
  const publishOperation: Operation = {
    prepare: async () => ({
      event: publish,
      status: 201,
      raw: (written) => freshItem(written, signal.signalType),
    }),
  };
  /** Two deliveries a round: the handler closes one, the plain SDK the other. */
  const acknowledge = (status: 'PROCESSING' | 'PROCESSED'): Operation => ({
    prepare: async () => {
      const one = await answered(signals, publish, 201);
      client.sent.length = 0;
      await answered(signals, publish, 201);
      const { PK, SK } = client.sent.at(-1)!.input['Item'] as Input;
      return {
        event: eventOf(
          signalRoutes.acknowledgeSignal,
          { agentId: TARGET, signalId: String(one['signalId']) },
          { status },
        ),
        status: 200,
        raw: ({ input }) => {
          const { ConditionExpression, ...plain } = input;
          const { ExpressionAttributeNames: attributes, ExpressionAttributeValues: values } = plain;
          const used = JSON.stringify(plain['UpdateExpression']);
          const only = (map: unknown) =>
            Object.fromEntries(Object.entries((map ?? {}) as Input).filter(([name]) => used.includes(name)));
          return {
            ...plain,
            Key: { PK, SK },
            ...(ConditionExpression !== undefined && {
              ExpressionAttributeNames: only(attributes),
              ExpressionAttributeValues: only(values),
            }),
          };
        },
      };
    },
  });

  const results: WriteResult[] = [];
  for (const [name, handler, operation] of [
    ['log a decision', decisions, log(false)],
    ['log a decision with a token', decisions, log(true)],
    ['publish a signal', signals, publishOperation],
    ['claim a delivery', signals, acknowledge('PROCESSING')],
    ['close a delivery', signals, acknowledge('PROCESSED')],
  ] as const)
    results.push(await measure(name, handler, client, runtime.documents, operation, options));
  return results;
}

const ms = (value: number) => value.toFixed(2);

export async function run(options: WriteOptions): Promise<void> {
  const results = await withServiceTables(() => measureAll(options));
  process.stdout.write(
    `Through the handler against the same write with the SDK alone, milliseconds, ${options.rounds} each\n${table(
      [
        [
          'operation',
          'handler p50',
          'raw p50',
          'ratio p50',
          'handler p99',
          'raw p99',
          'ratio p99',
          'commands',
        ],
        ...results.map(({ operation, handler, raw, commands }) => [
          operation,
          ms(handler.p50),
          ms(raw.p50),
          ms(handler.p50 / raw.p50),
          ms(handler.p99),
          ms(raw.p99),
          ms(handler.p99 / raw.p99),
          String(commands),
        ]),
      ],
    )}\n`,
  );
}
