import { type LabelledSet, memoryOf, type Question } from '../../../test/support/labelled-memories.ts';
import type { PublishedLogs, ToolCall } from '../../shared/published-logs.ts';

/** Every n-th of a list, `count` of them. */
const spread = <T>(list: readonly T[], count: number): T[] =>
  list.filter(
    (_, i) => Math.floor((i * count) / list.length) !== Math.floor(((i - 1) * count) / list.length),
  );

const coins: Readonly<Record<string, string>> = {
  'BTC-USDT': 'bitcoin (BTC)',
  'ETH-USDT': 'ETH',
  'SOL-USDT': 'solana, SOL',
};
const dayOf = (date: string): string =>
  new Date(`${date.slice(0, 10)}T00:00:00Z`).toLocaleDateString('en-US', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** What the traders did, one memory an action; asked for by who, what and when. */
export function traders({ trades }: PublishedLogs, count = 60): LabelledSet {
  const rows = trades.filter(({ this_action }) => this_action !== undefined);
  const labelled = rows.map((row) => {
    const { action, symbol, amount } = row.this_action!;
    const memory = memoryOf(
      'traders',
      {
        content: { action, symbol, amount, cash: row.positions['CASH'] ?? 0 },
        speaker: row.agent,
        occurredAt: `${row.date.slice(0, 10)}T00:00:00.000Z`,
        sessionId: row.agent,
        seq: row.id,
      },
      `${row.agent} ${row.date} ${row.id}`,
    );
    const coin = coins[symbol] ?? symbol.replace('-USDT', '');
    const deed = action.startsWith('buy') ? ['buying', 'buy'] : ['selling', 'sell'];
    const ways = [
      `How much ${coin} did ${row.agent} ${deed[1]} on ${dayOf(row.date)}?`,
      `Was ${row.agent} ${deed[0]} ${coin} around ${dayOf(row.date)}?`,
      `What was ${row.agent} left with after ${deed[0]} ${amount} ${coin}?`,
    ];
    return { memory, text: ways[row.id % ways.length]! };
  });
  const questions = spread(labelled, count).map(({ memory, text }) => ({
    text,
    evidence: [memory.memoryId],
  }));
  return { name: 'AI traders', memories: labelled.map(({ memory }) => memory), questions };
}

/** How a person would ask for a call of that kind; undefined where the arguments leave nothing to ask for. */
function questionFor({ action, args }: ToolCall): string | undefined {
  const text = (name: string): string => String(args[name] ?? '');
  const reservation = text('reservation_id');
  switch (action) {
    case 'search_direct_flight':
    case 'search_onestop_flight':
      return `Which flights were searched between ${text('origin')} and ${text('destination')} for ${dayOf(text('date'))}?`;
    case 'get_reservation_details':
      return `Who looked up the details of booking ${reservation}?`;
    case 'cancel_reservation':
      return `Was the reservation ${reservation} cancelled?`;
    case 'update_reservation_flights':
      return `How were the flights of reservation ${reservation} changed, and to which cabin?`;
    case 'update_reservation_baggages':
      return `How many bags did reservation ${reservation} get in the update?`;
    case 'send_certificate':
      return `What certificate was sent to ${text('user_id').replace(/_/g, ' ')}?`;
    case 'book_reservation':
      return `What was booked for ${text('user_id').replace(/_/g, ' ')} from ${text('origin')} to ${text('destination')}?`;
    default:
      return undefined;
  }
}

/** Tool calls of an airline's agent. The same call in several trials answers a question as well: any of them will do. */
export function airline({ calls }: PublishedLogs, count = 60): LabelledSet {
  const byCall = new Map<string, { text: string; evidence: string[] }>();
  const memories = calls.map((row) => {
    const memory = memoryOf(
      'airline',
      {
        content: { action: row.action, ...row.args },
        speaker: row.agent,
        sessionId: `episode-${row.episode}`,
        seq: row.step,
        occurredAt: new Date(Date.UTC(2025, 4, 1 + row.task_id) + row.trial * 3_600_000).toISOString(),
      },
      `${row.episode} ${row.step}`,
    );
    const text = questionFor(row);
    if (text !== undefined) {
      const known = byCall.get(text) ?? { text, evidence: [] };
      known.evidence.push(memory.memoryId);
      byCall.set(text, known);
    }
    return memory;
  });
  const questions: Question[] = spread([...byCall.values()], count);
  return { name: 'airline', memories, questions };
}
