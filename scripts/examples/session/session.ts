/**
 * Talks the scripted conversation into a session of a running service and prints what is left of it after 5, 20 and 60
 * messages, and the record at its end.
 */
import { settledSession } from '../settled-session.ts';
import { conversation, conversationTopic, conversationUser, plantedFacts } from './conversation.ts';

interface Resumed {
  readonly sessionId: string;
  readonly lastSeq: number;
  readonly summary: { readonly text: string; readonly throughSeq: number } | null;
  readonly messages: readonly { readonly seq: number; readonly content: string }[];
  readonly end?: object;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function call(method: string, url: string, body?: object): Promise<Resumed> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text) as Resumed;
}

const LOOKS = new Set([5, 20, conversation.length]);

export async function run({ url }: { readonly url: string }): Promise<void> {
  const sessions = `${url}/agents/market-hunter/sessions`;
  const { sessionId } = await call('POST', sessions, { userId: conversationUser, topic: conversationTopic });
  const session = `${sessions}/${sessionId}`;
  for (const [i, message] of conversation.entries()) {
    await call('POST', `${session}/messages`, message);
    const count = i + 1;
    if (!LOOKS.has(count)) continue;
    const { summary, messages } = await settledSession(() => call('GET', session), count);
    const text = `${summary?.text ?? ''}\n${messages.map(({ content }) => content).join('\n')}`;
    const facts = plantedFacts.filter(({ from }) => from <= count);
    print(
      `\nAFTER ${count} MESSAGES: summary through ${summary?.throughSeq ?? 0}, then ${messages.length} whole`,
    );
    print(summary?.text ?? '(no summary yet)');
    print(
      `${facts.filter((fact) => text.includes(fact.text)).length} of ${facts.length} planted facts are there.`,
    );
  }
  const { summary, end } = await call('POST', `${session}/end`, { reason: 'done for today' });
  print(`\nAT THE END\n${summary?.text}\n${JSON.stringify(end, null, 2)}`);
}
