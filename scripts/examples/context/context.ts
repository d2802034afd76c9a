/**
 * A session of 60 messages and its context after 5, 20 and 60. With the airline log of tau-bench also the context an
 * agent gets when a customer comes back, and how many of its earlier calls are in it.
 */
import { withServiceAt } from '../../shared/own-service.ts';
import { settledSession } from '../settled-session.ts';
import { type Episode, nameOf, readEpisodes } from './airline.ts';
import { messages, TOPIC } from './conversation.ts';
import { type Context, Service, type Session } from './service.ts';

const print = (text = ''): void => void process.stdout.write(`${text}\n`);
const HOUR_MS = 60 * 60 * 1000;
const SHOWN_AFTER = [5, 20, 60];

function printContext(title: string, { text, tokens, degraded }: Context): void {
  print(`\n── ${title}: ${tokens.total} of ${tokens.budget} tokens ${JSON.stringify(tokens)}`);
  if (degraded.length > 0) print(`   without ${degraded.join(', ')}`);
  print(text);
}

async function converse(service: Service): Promise<void> {
  const agent = '/agents/trader';
  const { sessionId } = await service.post<{ sessionId: string }>(`${agent}/sessions`, {
    topic: TOPIC,
    userId: 'anna',
  });
  await service
    .post('/agents/risk-manager/signals', {
      signalType: 'WHALE_ACTIVITY',
      targetAgents: ['trader'],
      severity: 'high',
      confidence: 0.8,
      data: { wallet: 'bc1q7x', btc: 300 },
      recommendedAction: 'Tighten the stop.',
    })
    .catch((error: unknown) => print(`(no signal: ${String(error)})`));
  const session = `${agent}/sessions/${sessionId}`;
  for (const [i, message] of messages.entries()) {
    await service.post(`${session}/messages`, message);
    if (!SHOWN_AFTER.includes(i + 1)) continue;
    await settledSession(() => service.get<Session>(session), i + 1);
    printContext(`after ${i + 1} messages`, await service.post<Context>(`${agent}/context`, { sessionId }));
  }
}

/** Logs an episode as a session with the customer, and its calls as decisions that ended as the episode did. */
async function live(service: Service, agent: string, episode: Episode, begun: number): Promise<void> {
  const { sessionId } = await service.post<{ sessionId: string }>(`${agent}/sessions`, {
    topic: episode.customer,
    metadata: { task: episode.task, trial: episode.trial },
  });
  const decisions = episode.calls.map(({ action, args, tool_error }, i) => ({
    decisionType: 'TOOL_CALL',
    sessionId,
    timestamp: new Date(begun + i * 20_000).toISOString(),
    action,
    context: args,
    outcome: {
      status: episode.solved && !tool_error ? 'success' : 'failure',
      ...(tool_error && { errors: ['the tool refused'] }),
    },
  }));
  await service.post(`${agent}/decisions/batch`, { decisions });
}

/** Calls of an episode that had been made before it, of which a context can know. */
const knownCalls = (episode: Episode, before: readonly Episode[]): Set<string> => {
  const made = new Set(before.flatMap(({ calls }) => calls.map(nameOf)));
  return new Set(episode.calls.map(nameOf).filter((name) => made.has(name)));
};

async function serveCustomers(service: Service, file: string): Promise<void> {
  const agent = '/agents/airline-agent';
  const episodes = readEpisodes(file);
  const lastTrial = Math.max(...episodes.map(({ trial }) => trial));
  const past = episodes.filter(({ trial }) => trial < lastTrial);
  const later = episodes.filter(({ trial, solved }) => trial === lastTrial && solved);
  const start = Date.now() - 6 * 24 * HOUR_MS;
  for (const [i, episode] of past.entries())
    await live(service, agent, episode, start + (i * 5.5 * 24 * HOUR_MS) / past.length);
  const calls = past.flatMap((episode) => episode.calls);
  print(
    `\n${past.length} episodes with ${calls.length} tool calls have happened; ${later.length} customers come back.`,
  );

  const sum = { known: 0, shown: 0, newest: 0, answers: 0 };
  const newest = new Set(calls.slice(-10).map(nameOf));
  for (const [i, episode] of later.entries()) {
    const { sessionId } = await service.post<{ sessionId: string }>(`${agent}/sessions`, {
      topic: episode.customer,
    });
    await service.post(`${agent}/sessions/${sessionId}/messages`, {
      role: 'user',
      content: `Hello, this is ${episode.customer}. I need help with my reservation.`,
    });
    const context = await service.post<Context>(`${agent}/context`, { sessionId, decisionType: 'TOOL_CALL' });
    const decisions = await Promise.all(
      context.relevant
        .filter(({ kind }) => kind === 'decision')
        .map(async ({ id }) => {
          const { action, context: args } = await service.get<{
            action: string;
            context: Record<string, unknown>;
          }>(`${agent}/decisions/${id}`);
          return nameOf({ action, args });
        }),
    );
    const known = knownCalls(episode, past);
    const shown = [...known].filter((name) => decisions.includes(name));
    sum.known += known.size;
    sum.shown += shown.length;
    sum.newest += [...known].filter((name) => newest.has(name)).length;
    sum.answers += context.tokens.total;
    if (i === 0) printContext(`${episode.customer} comes back (task ${episode.task})`, context);
    print(
      `${episode.customer.padEnd(26)} ${shown.length} of ${known.size} calls it then made again were in view`,
    );
  }
  print(
    `\nOf ${sum.known} calls that had been made before and were needed again, ${sum.shown} were in view ` +
      `(${sum.newest} among the ten newest), in ${Math.round(sum.answers / later.length)} tokens on average.`,
  );
}

export interface ContextOptions {
  readonly url: string | undefined;
  /** The airline log of tau-bench. */
  readonly file: string | undefined;
}

export const run = ({ url, file }: ContextOptions): Promise<void> =>
  withServiceAt(url, async (at) => {
    const service = new Service(at);
    await converse(service);
    if (file !== undefined) await serveCustomers(service, file);
  });
