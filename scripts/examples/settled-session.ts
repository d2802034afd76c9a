import { setTimeout as sleep } from 'node:timers/promises';

/** Of the stage `dev`: messages that stay whole, and messages from one summary to the next. */
const WINDOW = 8;
const EVERY = 5;
const SUMMARY_MS = 10_000;

/** Reads a session until its summary has caught up: a stream consumer makes it, a moment after the message. */
export async function settledSession<
  Session extends { readonly summary: { readonly throughSeq: number } | null },
>(read: () => Promise<Session>, messages: number): Promise<Session> {
  const due = Math.max(0, Math.floor(messages / EVERY) * EVERY - WINDOW + EVERY - 1);
  for (const deadline = Date.now() + SUMMARY_MS; ;) {
    const session = await read();
    if ((session.summary?.throughSeq ?? 0) >= due || Date.now() > deadline) return session;
    await sleep(100);
  }
}
