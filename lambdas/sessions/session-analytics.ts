import type { Measure, Message, SessionAnalytics } from './session.ts';

/** The most sources, and the most collections, an analysis names. */
const MOST_NAMED = 20;
const MAX_NAME_LENGTH = 128;

const measureOf = (values: readonly number[]): Measure => ({
  count: values.length,
  mean: values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null,
  min: values.length > 0 ? Math.min(...values) : null,
  max: values.length > 0 ? Math.max(...values) : null,
});

/** Fields that may hold a source's name, where metadata holds more about it than that. */
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

const numberIn = (message: Message, field: string, most: number): number | undefined => {
  const value = message.metadata?.[field];
  return typeof value === 'number' && value >= 0 && value <= most ? value : undefined;
};

/** Names, and how often each occurs. */
class Names {
  readonly #counts = new Map<string, number>();

  add(names: readonly string[]): void {
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  mostUsed(): Record<string, number> {
    return Object.fromEntries(
      [...this.#counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_NAMED),
    );
  }
}

/**
 * Analytics of a conversation, from its messages one after the other in their order. An answer's response time is its
 * `metadata.responseTimeMs`, or else the time since the last query before it. Confidences outside 0..1 and metadata of
 * other shapes are ignored.
 */
export class Analysis {
  readonly #createdAt: string;
  readonly #responseTimes: number[] = [];
  readonly #confidences: number[] = [];
  readonly #sources = new Names();
  readonly #collections = new Names();
  #messages = 0;
  #queries = 0;
  #askedAt: string | undefined;
  #lastAt: string | undefined;

  constructor(createdAt: string) {
    this.#createdAt = createdAt;
  }

  add(message: Message): void {
    const { role, createdAt } = message;
    this.#messages += 1;
    this.#lastAt = createdAt;
    this.#sources.add(namesIn(message, 'sources', 'source'));
    this.#collections.add(namesIn(message, 'collections', 'collection'));
    if (role === 'user') {
      this.#queries += 1;
      this.#askedAt = createdAt;
    }
    if (role !== 'assistant') return;
    const confidence = numberIn(message, 'confidence', 1);
    if (confidence !== undefined) this.#confidences.push(confidence);
    if (this.#askedAt === undefined) return;
    const elapsed = Math.max(0, Date.parse(createdAt) - Date.parse(this.#askedAt));
    this.#responseTimes.push(numberIn(message, 'responseTimeMs', Number.MAX_SAFE_INTEGER) ?? elapsed);
    this.#askedAt = undefined;
  }

  result(): SessionAnalytics {
    const last = Date.parse(this.#lastAt ?? this.#createdAt);
    return {
      messages: this.#messages,
      queries: this.#queries,
      turns: this.#responseTimes.length,
      durationSeconds: Math.max(0, (last - Date.parse(this.#createdAt)) / 1000),
      responseTimeMs: measureOf(this.#responseTimes),
      confidence: measureOf(this.#confidences),
      sources: this.#sources.mostUsed(),
      collections: this.#collections.mostUsed(),
    };
  }
}
