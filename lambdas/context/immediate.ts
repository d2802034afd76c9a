import type { ResumedSession } from '../sessions/session-reader.ts';
import type { Message } from '../sessions/session.ts';
import { textOf } from '../sessions/summary/summary.ts';
import { asData, asLine, cutToFit } from './stored-text.ts';
import type { Estimate } from './token-estimate.ts';

export interface ShownMessage extends Pick<Message, 'seq' | 'role' | 'createdAt'> {
  /** As shown. */
  readonly content: string;
  readonly cut: boolean;
}

export interface ShownSummary {
  readonly text: string;
  /** The summary covers every message up to this one. */
  readonly throughSeq: number;
  readonly cut: boolean;
}

export interface Immediate {
  readonly text: string;
  readonly tokens: number;
  readonly summary: ShownSummary | null;
  /** Oldest first. */
  readonly messages: readonly ShownMessage[];
  /** Messages that were read and did not get in. */
  readonly omitted: number;
}

/** Largest share of the budget that the summary takes from the messages. */
const SUMMARY_SHARE = 1 / 3;

function openingOf({ head }: ResumedSession): string {
  const about = head.topic === undefined ? '' : ` about ${asLine(head.topic)}`;
  const who = head.userId === undefined ? '' : ` with ${head.userId}`;
  return `<session>\n${head.status} session${who}${about}`;
}

const summaryLabel = (throughSeq: number): string => `summary of messages up to ${throughSeq}:`;

/** Tokens the summary takes; 0 without one. */
function summaryCost({ summary }: ResumedSession, budget: number, costOf: (text: string) => number): number {
  if (!summary) return 0;
  const line = `${summaryLabel(summary.throughSeq)} ${asData(textOf(summary.content))}`;
  return Math.min(costOf(line), Math.floor(budget * SUMMARY_SHARE));
}

/** Every message of the session is here and fits, so a summary would only repeat it. */
const isWholeWithin = ({ messages }: ResumedSession, room: number, estimate: Estimate): boolean =>
  messages[0]?.seq === 1 &&
  messages.reduce((sum, { role, content }) => sum + estimate(`${role}: ${asData(content)}`) + 1, 0) <= room;

/**
 * The session as a model should see it. The newest message always gets in; too long, it is cut so that the summary has
 * room. Then comes the summary, within a third of the budget. Then come older messages whole, the newest first, until one
 * does not fit. So only the oldest messages are left out, and the summary covers them.
 */
export function immediatePart(session: ResumedSession, budget: number, estimate: Estimate): Immediate {
  const open = openingOf(session);
  const close = '</session>';
  const costOf = (text: string): number => estimate(text) + 1;
  let left = budget - costOf(open) - costOf(close);

  const shown: ShownMessage[] = [];
  const lines: string[] = [];
  const newestFirst = [...session.messages].reverse();
  const add = ({ seq, role, createdAt }: Message, content: string, cut: boolean, line: string): void => {
    left -= costOf(line);
    shown.unshift({ seq, role, createdAt, content, cut });
    lines.unshift(line);
  };

  const newest = newestFirst[0];
  if (newest) {
    const label = `${newest.role}:`;
    const content = asData(newest.content);
    const room = left - costOf(label) - 1;
    const isTooLong = estimate(content) > room;
    const fitted = cutToFit(
      content,
      isTooLong ? room - summaryCost(session, budget, costOf) : room,
      estimate,
    );
    if (fitted) add(newest, fitted.text, fitted.cut, `${label} ${fitted.text}`);
  }

  let summary: ShownSummary | null = null;
  let summaryLine: string | undefined;
  if (session.summary && left > 0 && !isWholeWithin(session, left + estimate(lines.join('\n')), estimate)) {
    const { content, throughSeq } = session.summary;
    const label = summaryLabel(throughSeq);
    const room = Math.min(left, Math.floor(budget * SUMMARY_SHARE)) - costOf(label) - 1;
    const fitted = cutToFit(asData(textOf(content)), room, estimate);
    if (fitted) {
      summary = { text: fitted.text, throughSeq, cut: fitted.cut };
      summaryLine = `${label} ${fitted.text}`;
      left -= costOf(summaryLine);
    }
  }

  if (shown.length > 0)
    for (const message of newestFirst.slice(1)) {
      const content = asData(message.content);
      const line = `${message.role}: ${content}`;
      if (costOf(line) > left) break;
      add(message, content, false, line);
    }

  const omitted = session.messages.length - shown.length;
  if (!summaryLine && lines.length === 0) return { text: '', tokens: 0, summary, messages: shown, omitted };
  const text = [open, ...(summaryLine ? [summaryLine] : []), ...lines, close].join('\n');
  return { text, tokens: estimate(text), summary, messages: shown, omitted };
}
