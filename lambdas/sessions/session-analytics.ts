import type { Measure, Message, SessionAnalytics } from './session.ts';

/** How many sources and collections an analysis names. */
const MOST_NAMED = 20;
const MAX_NAME_LENGTH = 128;

const measureOf = (values: readonly number[]): Measure => ({
  count: values.length,
  mean: values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
  min: values.length > 0 ? Math.min(...values) : null,
  max: values.length > 0 ? Math.max(...values) : null,
});

/** What a source is called, where metadata holds more about it than its name. */
const NAMING = ['id', 'name', 'title', 'source', 'url'];

function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined;
  if (typeof value === 'number') return String(value);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const named = NAMING.map((key) => (value as Record<string, unknown>)[key]);
  return nameOf(named.find((name) => typeof name === 'string' || typeof name === 'number'));
}

/** The names in `metadata[field]`: one, or a list of them, of texts or of things that have a name. */
const namesIn = (message: Message, ...fields: string[]): string[] =>
  fields
    .flatMap((field) => [message.metadata?.[field]].flat())
    .flatMap((value) => nameOf(value)?.slice(0, MAX_NAME_LENGTH).toWellFormed() ?? []);

function mostUsed(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(
    [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_NAMED),
  );
}

const numberIn = (message: Message, field: string, most: number): number | undefined => {
  const value = message.metadata?.[field];
  return typeof value === 'number' && value >= 0 && value <= most ? value : undefined;
};

/**
 * What a conversation was like, from its messages in their order. An answer's response time is what its
 * `metadata.responseTimeMs` says, or else the time since the last query before it; confidences outside 0..1 and
 * metadata of other shapes count for nothing.
 */
export function analyse(createdAt: string, messages: readonly Message[]): SessionAnalytics {
  const responseTimes: number[] = [];
  let asked: Message | undefined;
  let turns = 0;
  for (const message of messages) {
    if (message.role === 'user') asked = message;
    if (message.role !== 'assistant' || !asked) continue;
    turns += 1;
    const elapsed = Date.parse(message.createdAt) - Date.parse(asked.createdAt);
    responseTimes.push(numberIn(message, 'responseTimeMs', Number.MAX_SAFE_INTEGER) ?? Math.max(0, elapsed));
    asked = undefined;
  }
  const last = messages.at(-1);
  return {
    messages: messages.length,
    queries: messages.filter(({ role }) => role === 'user').length,
    turns,
    durationSeconds: last ? Math.max(0, (Date.parse(last.createdAt) - Date.parse(createdAt)) / 1000) : 0,
    responseTimeMs: measureOf(responseTimes),
    confidence: measureOf(
      messages
        .filter(({ role }) => role === 'assistant')
        .flatMap((message) => numberIn(message, 'confidence', 1) ?? []),
    ),
    sources: mostUsed(messages.flatMap((message) => namesIn(message, 'sources', 'source'))),
    collections: mostUsed(messages.flatMap((message) => namesIn(message, 'collections', 'collection'))),
  };
}
