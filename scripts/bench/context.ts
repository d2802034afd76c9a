/**
 * The time a context takes, through the real handler as a warm instance, against one raw query of the same session on
 * the same emulator in turn; with 10, 1,000 and 10,000 memories behind the agent. Only ratios mean anything. An instance
 * that was asked a moment ago relies on some of what it read then; one that was asked two minutes ago asks for all of it.
 *
 * `latency` lets every request wait so many milliseconds on its way, as a network and a real table would. The emulator
 * answers in less time than the client's own work takes, so against it requests count more than rounds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Context as LambdaContext } from 'aws-lambda';
import { memoryIdOf } from '../../lambdas/memories/memory.ts';
import { toItem } from '../../lambdas/memories/table.ts';
import type { HttpHandler } from '../../lambdas/shared/http/handler.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { stages } from '../../lib/config.ts';
import { table } from '../shared/figures.ts';
import { withServiceTables } from '../shared/service-tables.ts';
import { CallFigures, counted } from './call-figures.ts';

/** Memories behind the agents. */
const SIZES = [10, 1_000, 10_000];
const WARM_UP = 100;
const DECISIONS = 60;
/** Longer than anything but decisions is relied on; those are verified. */
const PAUSE_MS = 120_000;
/** A busy machine is slow, not down. */
const deadlines = { partMs: 20_000, sessionMs: 20_000 };
/** Different words in all texts. */
const VOCABULARY = 5_000;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const words = (seed: number, count: number): string =>
  Array.from({ length: count }, (_, i) => {
    // Few words are common and most are rare, as in what people write (Zipf): the n-th is said 1/n as often.
    const draw = ((seed * 7_919 + i * 104_729 + 17) * 48_271) % 2_147_483_647;
    return `word${Math.floor(VOCABULARY ** (draw / 2_147_483_647))}`;
  }).join(' ');

export interface ContextOptions {
  readonly rounds: number;
  /** Milliseconds every request waits. */
  readonly latency: number;
  /** Measures the smallest agent only, and hardly warms up. */
  readonly quick: boolean;
}

export const run = (options: ContextOptions): Promise<void> => withServiceTables(() => measure(options));

async function measure({ rounds, latency, quick }: ContextOptions): Promise<void> {
  const sizes = quick ? SIZES.slice(0, 1) : SIZES;
  const warmUp = quick ? 1 : WARM_UP;
  // The environment is there now: handlers read it when they are loaded.
  const { createRuntime } = await import('../../lambdas/shared/platform/runtime.ts');
  const { createContextHandler } = await import('../../lambdas/context/context.lambda.ts');
  const { handler: decisions } = await import('../../lambdas/decisions/decisions.lambda.ts');
  const { handler: sessions } = await import('../../lambdas/sessions/sessions.lambda.ts');
  const runtime = createRuntime('bench');
  const { documents } = runtime;
  if (latency > 0)
    documents.middlewareStack.add(
      (next) => async (args) => {
        await sleep(latency);
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'latency' },
    );
  const sent = { requests: 0 };
  const later = { ms: 0 };
  const instance = (clock: () => Date) => {
    const documents = counted(runtime.documents, sent);
    return createContextHandler(
      { ...runtime, clock, documents },
      {
        AUTH_MODE: 'none',
        DECISIONS_TABLE: tables.decisions.name,
        STATE_TABLE: tables.state.name,
        MEMORY_TABLE: tables.memory.name,
        SIGNALS_TABLE: tables.signals.name,
        SESSION_SETTINGS: stages.dev.sessions,
        MEMORY_CATEGORIES: stages.dev.memoryCategories,
        CONTEXT_DEADLINES: deadlines,
        FEATURE_WINDOWS: stages.dev.featureWindows,
      },
    );
  };
  const instances = {
    soon: instance(runtime.clock),
    rested: instance(() => new Date(Date.now() + later.ms)),
  };
  const call = async <Answer>(
    handler: HttpHandler,
    path: string,
    agentId: string,
    body: unknown,
    more = {},
  ) => {
    const routeKey = `POST ${path}`;
    const params: Record<string, string> = { agentId, ...more };
    const rawPath = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name]!);
    const http = {
      method: 'POST',
      path: rawPath,
      protocol: 'HTTP/1.1',
      sourceIp: '127.0.0.1',
      userAgent: 'bench',
    };
    const event = {
      version: '2.0',
      routeKey,
      rawPath,
      headers: {},
      pathParameters: params,
      body: JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: { requestId: 'bench', stage: '$default', http },
    };
    const answer = await handler(
      event as never,
      {
        functionName: 'bench',
        awsRequestId: 'bench',
        getRemainingTimeInMillis: () => 29_000,
      } as LambdaContext,
    );
    if ((answer.statusCode ?? 500) >= 300) throw new Error(`${rawPath}: ${answer.statusCode} ${answer.body}`);
    return JSON.parse(answer.body!) as Answer;
  };

  const agents: { readonly agentId: string; readonly sessionId: string; readonly size: number }[] = [];
  for (const size of sizes) {
    const agentId = `bench-${size}`;
    const { sessionId } = await call<{ sessionId: string }>(sessions, '/agents/{agentId}/sessions', agentId, {
      topic: 'refunds',
      expiresAfterSeconds: 86_400,
    });
    for (let i = 0; i < 8; i++)
      await call(
        sessions,
        '/agents/{agentId}/sessions/{sessionId}/messages',
        agentId,
        { role: i % 2 ? 'assistant' : 'user', content: words(i, 100) },
        { sessionId },
      );
    await call(decisions, '/agents/{agentId}/decisions/batch', agentId, {
      decisions: Array.from({ length: DECISIONS }, (_, i) => ({
        decisionType: 'REFUND',
        context: { reason: words(i, 3), gate: i % 9 },
        timestamp: new Date(Date.now() - (i + 1) * 3_600_000).toISOString(),
        outcome: { status: i % 3 ? 'success' : 'failure' },
      })),
    });
    await storeMemories(documents, agentId, size);
    agents.push({ agentId, sessionId, size });
  }

  const figures = agents.map(() => ({ soon: new CallFigures(), rested: new CallFigures() }));
  for (let round = 0; round < warmUp + rounds; round++) {
    later.ms += PAUSE_MS;
    for (const [i, { agentId, sessionId }] of agents.entries())
      for (const when of ['soon', 'rested'] as const) {
        const of = figures[i]![when];
        if (round === warmUp) of.warm();
        const query = () =>
          documents.send(
            new QueryCommand({
              TableName: tables.state.name,
              ConsistentRead: true,
              KeyConditionExpression: 'PK = :pk',
              ExpressionAttributeValues: { ':pk': `session:${agentId}#${sessionId}` },
            }),
          );
        sent.requests = 0;
        await of.take('call', async () => {
          const answer = await call<Answer>(instances[when], '/agents/{agentId}/context', agentId, {
            sessionId,
            query: words(round, 4),
            decisionType: 'REFUND',
            situation: { gate: round % 9 },
          });
          if (answer.degraded.length > 0) throw new Error(`without ${answer.degraded.join(', ')}`);
        });
        of.requests.push(sent.requests);
        const reads = sent.requests - 1;
        await of.take('raw', query);
        await of.take('bare', async () => {
          await Promise.all(Array.from({ length: reads }, query));
          const Item = { PK: `bench#${agentId}`, SK: String(round), text: 'x'.repeat(900) };
          await documents.send(new PutCommand({ TableName: tables.state.name, Item }));
        });
      }
  }
  print(
    `A context of a warm instance, one raw query of its session, and as many raw queries at once as the call sends
requests with one raw put after them ("bare"), in turn; milliseconds, ${rounds} each; CPU is this process's. Added latency: ${latency} ms`,
  );
  print(
    table([
      ['memories, last call', ...CallFigures.columns],
      ...agents.flatMap(({ size }, i) => [
        [`${size}, a moment ago`, ...figures[i]!.soon.row()],
        [`${size}, two minutes ago`, ...figures[i]!.rested.row()],
      ]),
    ]),
  );
}

interface Answer {
  readonly degraded: readonly string[];
}

/** Straight into the table, 25 at a time: what is measured begins when they are there. */
async function storeMemories(
  documents: DynamoDBDocumentClient,
  agentId: string,
  size: number,
): Promise<void> {
  const rows = Array.from({ length: size }, (_, i) => {
    const content = `Note ${i}: ${words(i, 20)}`;
    const at = new Date(Date.now() - (i % 150) * 3_600_000).toISOString();
    return toItem({
      memoryId: memoryIdOf(agentId, 'OBSERVATION', 'market_observations', content),
      agentId,
      memoryType: 'OBSERVATION',
      category: 'market_observations',
      content,
      text: content,
      tags: [],
      importance: 0.6,
      pinned: false,
      createdAt: at,
      updatedAt: at,
      lastSeenAt: at,
      timesSeen: 1,
      version: 1,
      tier: 'warm',
      form: 'full',
      accessCount: 0,
    });
  });
  for (let from = 0; from < rows.length; from += 25)
    await documents.send(
      new BatchWriteCommand({
        RequestItems: {
          [tables.memory.name]: rows.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } })),
        },
      }),
    );
}
