import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { DAY_MS, MINUTE_MS } from '../../lambdas/shared/platform/clock.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { BATCH_ROWS } from '../import/run.ts';
import { tableTarget } from '../import/target.ts';
import { CREDENTIALS } from '../local/service.ts';
import { REGION } from '../local/template-values.ts';
import { agentOf, AGENTS, type Call, decisionOf, type Kind, type Made } from './kind.ts';
import type { CapacityProxy, Metered, Units } from './meter.ts';

const SEEDED_DAYS = 79;
/** Of the decisions made before, those of the last week: the newest is a day old. */
export const seededOfAWeek = (seeded: number): number => Math.round((seeded * 6) / SEEDED_DAYS);
const CONCURRENCY = 4;

export interface ReplaySizes {
  /** One request in so many is replayed, but at least one of each kind. */
  readonly scale: number;
  /** Decisions that were made before. */
  readonly seeded: number;
  /** Streams are read to their end before the meter is. */
  readonly settleMs: number;
}

/** A busy machine may be too slow for one try; what the first did then counts as well. */
export async function request(url: string, { method, path, body }: Call, tries = 4): Promise<unknown> {
  let problem: string;
  try {
    const response = await fetch(url + path, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    problem = `answered ${response.status}: ${text.slice(0, 300)}`;
    if (response.status !== 503) tries = 1;
  } catch (error) {
    problem = `failed: ${String((error as Error).cause ?? error)}`;
  }
  if (tries === 1) throw new Error(`${method} ${path} ${problem}`);
  await sleep(1_000);
  return request(url, { method, path, body }, tries - 1);
}

export interface Measured extends Units {
  readonly kind: Kind;
  readonly replayed: number;
  /** A request whose instance has to read again what it remembers, where the kind has such. */
  readonly first?: Pick<Metered, 'reads' | 'ofDecisions'>;
}

export async function replay(
  url: string,
  proxy: CapacityProxy,
  kind: Kind,
  { scale, settleMs }: ReplaySizes,
  made: Made,
): Promise<Measured> {
  const times = Math.max(1, Math.round(kind.count / scale));
  let next = 0;
  const worker = async (until: number) => {
    while (next < until) {
      const i = next++;
      const answer = await request(url, kind.call(i, made));
      kind.keep?.(answer as never, made, agentOf(i));
    }
  };
  proxy.take();
  if (kind.rereads) {
    // One at a time: all are answered by one instance, which meets each agent once.
    await worker(AGENTS.length);
    const { reads, ofDecisions } = proxy.take();
    const first = { reads: reads / AGENTS.length, ofDecisions: ofDecisions / AGENTS.length };
    await worker(AGENTS.length + times);
    return { kind, replayed: times, first, ...proxy.take() };
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, () => worker(times)));
  // What the streams do about a write belongs to it: the relay's rows, a session's summary.
  if (kind.kind === 'write') await sleep(settleMs);
  return { kind, replayed: times, ...proxy.take() };
}

/** A night rolls up days nobody wrote to in the last ten minutes. */
const SEEDED_AGO_MS = 15 * MINUTE_MS;

/** Past decisions with outcomes, straight into the tables and past the meter: nights and matches have something to read. */
export async function seed(
  endpoint: string,
  now: number,
  seeded: number,
  which: 'before yesterday' | 'since',
): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const target = tableTarget(
    DynamoDBDocumentClient.from(client, documentOptions),
    { decisions: tables.decisions.name, state: tables.state.name },
    () => new Date(Date.now() - SEEDED_AGO_MS),
  );
  const start = now - (SEEDED_DAYS + 1) * DAY_MS;
  const yesterday = new Date(now - DAY_MS).toISOString().slice(0, 10);
  const rows = Array.from({ length: seeded }, (_, i) => ({
    agentId: agentOf(i),
    decision: {
      ...(decisionOf(i) as object),
      timestamp: new Date(start + (i * SEEDED_DAYS * DAY_MS) / seeded).toISOString(),
      clientToken: `seed-${i}`,
      outcome: {
        status: i % 3 === 0 || i % 7 === 0 ? 'failure' : 'success',
        metrics: { pnl: (i % 40) - 15 },
      },
    },
  })).filter(({ decision }) => decision.timestamp < yesterday === (which === 'before yesterday'));
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    const results = await target.add(rows.slice(from, from + BATCH_ROWS));
    const bad = results.find(({ status }) => status !== 'added');
    if (bad) throw new Error(`a past decision was not added: ${JSON.stringify(bad)}`);
  }
  client.destroy();
}

export async function night(url: string, proxy: CapacityProxy): Promise<Units> {
  proxy.take();
  const { runId } = (await request(url, { method: 'POST', path: '/consolidations', body: {} })) as {
    runId: string;
  };
  for (;;) {
    const run = (await request(url, { method: 'GET', path: `/consolidations/${runId}` })) as {
      status: string;
    };
    if (run.status === 'FAILED') throw new Error(`the night ${runId} failed`);
    if (run.status === 'SUCCEEDED') return proxy.take();
    await sleep(250);
  }
}
