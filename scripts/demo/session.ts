/**
 * `npx tsx scripts/demo/session.ts [--url http://127.0.0.1:3000]`: talks the scripted conversation into a session of a
 * running service and prints what is left of it after 5, 20 and 60 messages, and the record at its end.
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { conversation, conversationTopic, conversationUser, plantedFacts } from './conversation.ts';

const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:3000' } } });
const sessions = `${values.url}/agents/market-hunter/sessions`;

interface Resumed {
  readonly sessionId: string;
  readonly lastSeq: number;
  readonly summary: { readonly text: string; readonly throughSeq: number } | null;
  readonly messages: readonly { readonly seq: number; readonly content: string }[];
  readonly end?: object;
}

async function call(method: string, url: string, body?: object): Promise<Resumed> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text) as Resumed;
}

const LOOKS = new Set([5, 20, conversation.length]);
const WINDOW = 8;
const EVERY = 5;
const SUMMARY_MS = 10_000;

/** The session once its summary has caught up: it is made from the stream, a moment after the message. */
async function resumed(url: string, count: number): Promise<Resumed> {
  const due = Math.max(0, Math.floor(count / EVERY) * EVERY - WINDOW + EVERY - 1);
  for (const deadline = Date.now() + SUMMARY_MS; ;) {
    const session = await call('GET', url);
    if ((session.summary?.throughSeq ?? 0) >= due || Date.now() > deadline) return session;
    await sleep(100);
  }
}

const { sessionId } = await call('POST', sessions, { userId: conversationUser, topic: conversationTopic });
const session = `${sessions}/${sessionId}`;
for (const [i, message] of conversation.entries()) {
  await call('POST', `${session}/messages`, message);
  const count = i + 1;
  if (!LOOKS.has(count)) continue;
  const { summary, messages } = await resumed(session, count);
  const text = `${summary?.text ?? ''}\n${messages.map(({ content }) => content).join('\n')}`;
  const facts = plantedFacts.filter(({ from }) => from <= count);
  console.log(
    `\nAFTER ${count} MESSAGES: summary through ${summary?.throughSeq ?? 0}, then ${messages.length} whole`,
  );
  console.log(summary?.text ?? '(no summary yet)');
  console.log(
    `${facts.filter((fact) => text.includes(fact.text)).length} of ${facts.length} planted facts are there.`,
  );
}
const { summary, end } = await call('POST', `${session}/end`, { reason: 'done for today' });
console.log(`\nAT THE END\n${summary?.text}\n${JSON.stringify(end, null, 2)}`);
