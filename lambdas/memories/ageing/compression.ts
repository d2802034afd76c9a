import { comparedWordsOf, cut, hasDigit, isComparisonStopWord } from '../../shared/text/words.ts';
import { type Memory, type MemoryContent, renderContent } from '../memory.ts';
import { memoryForms, type MemoryForm } from '../memory-stages.ts';

/** Limits of a content object in the essential form. */
const MAX_DEPTH = 2;
const MAX_FIELDS = 24;
const MAX_LIST = 5;
const MAX_STRING = 200;
/** Characters of a summary. */
export const MAX_SUMMARY = 280;
/** Words of the pattern form. */
const MAX_TERMS = 10;

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Scalars, short lists of them, and one level of objects; long strings cut; `undefined` for what is left out. */
function essentialOf(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value, MAX_STRING);
  if (isScalar(value)) return value;
  if (Array.isArray(value)) {
    const scalars = value.filter(isScalar).slice(0, MAX_LIST);
    return scalars.length > 0 ? scalars.map((item) => essentialOf(item, depth)) : undefined;
  }
  if (value === null || typeof value !== 'object' || depth >= MAX_DEPTH) return undefined;
  const entries = Object.entries(value)
    .map(([name, item]) => [name, essentialOf(item, depth + 1)] as const)
    .filter(([, item]) => item !== undefined)
    .slice(0, MAX_FIELDS);
  return entries.length > 0 || depth === 0 ? Object.fromEntries(entries) : undefined;
}

/** Counts the words that say something. */
function weights(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) if (!isComparisonStopWord(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/**
 * The sentences whose words are the commonest of the text, in their order, as many as fit; a word counts for less once
 * it was said, so that what is repeated does not fill the summary (SumBasic: Vanderwende, Suzuki, Brockett, Nenkova,
 * "Beyond SumBasic", 2007). A text that fits stays as it is.
 */
export function summaryOf(text: string): string {
  if (text.length <= MAX_SUMMARY) return text;
  const counts = weights(comparedWordsOf(text));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = new Map([...counts].map(([word, count]) => [word, count / total]));
  let open = text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence, place) => ({
      sentence: sentence.trim(),
      place,
      words: comparedWordsOf(sentence).filter((word) => share.has(word)),
    }))
    .filter(({ words }) => words.length > 0);
  const chosen: typeof open = [];
  let left = MAX_SUMMARY;
  for (;;) {
    open = open.filter(({ sentence }) => sentence.length <= left);
    if (open.length === 0) break;
    const score = ({ words }: (typeof open)[number]): number =>
      words.reduce((sum, word) => sum + share.get(word)!, 0) / words.length;
    const best = open.reduce((a, b) => (score(b) > score(a) ? b : a));
    for (const word of new Set(best.words)) share.set(word, share.get(word)! ** 2);
    chosen.push(best);
    left -= best.sentence.length + 1;
    open = open.filter((other) => other !== best);
  }
  const summary = chosen
    .sort((a, b) => a.place - b.place)
    .map(({ sentence }) => sentence)
    .join(' ');
  return summary === '' ? cut(text, MAX_SUMMARY) : summary;
}

/** The commonest words in the order in which they first occur: what it was about, no longer which one it was. */
export function commonWordsOf(text: string): string {
  const words = comparedWordsOf(text).filter((word) => !hasDigit(word));
  const common = [...weights(words)].sort(([, a], [, b]) => b - a).slice(0, MAX_TERMS);
  const chosen = new Set(common.map(([word]) => word));
  return [...new Set(words)].filter((word) => chosen.has(word)).join(' ') || cut(text, MAX_SUMMARY);
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value ?? null));

/** Bytes of JSON of what gets shorter with age. The text counts only where it is stored: where the content does not say it. */
export const sizeOf = ({ content, text, metadata }: Memory): number =>
  bytes(content) +
  (text === renderContent(content) ? 0 : bytes(text)) +
  (metadata === undefined ? 0 : bytes(metadata));

/** Of the metadata, what search reads. */
const KEPT_METADATA = ['speaker', 'topic', 'occurredAt', 'seq'];

/** A text its author wrote stays whole; one made of the content follows it. */
function essential({ metadata, ...memory }: Memory): Memory {
  const { content, text } = memory;
  const kept = Object.entries(metadata ?? {}).filter(([name]) => KEPT_METADATA.includes(name));
  const fields = typeof content === 'string' ? content : (essentialOf(content, 0) as MemoryContent);
  return {
    ...memory,
    content: fields,
    text: text === renderContent(content) ? renderContent(fields) : text,
    ...(kept.length > 0 && { metadata: Object.fromEntries(kept) }),
  };
}

const saying = (memory: Memory, text: string): Memory => ({ ...memory, text, content: text });

const steps: Readonly<Record<Exclude<MemoryForm, 'full'>, (memory: Memory) => Memory>> = {
  essential,
  summary: (memory) => saying(memory, summaryOf(memory.text)),
  pattern: (memory) => saying(memory, commonWordsOf(memory.text)),
};

/**
 * A memory in a shorter form; the same when it has that form or a shorter one. Each form is made of the one before, so
 * the last does not depend on how many nights it took. A form that would not be shorter is not used. Kind, tags, outcome,
 * provenance and what it stands for stay.
 */
export function compressTo(memory: Memory, form: MemoryForm): Memory {
  let compressed = memory;
  for (let at = memoryForms.indexOf(memory.form) + 1; at <= memoryForms.indexOf(form); at++) {
    const next = memoryForms[at] as Exclude<MemoryForm, 'full'>;
    const shorter = steps[next](compressed);
    // A thousand bytes to find a dozen words by.
    const { vector, ...rest } = sizeOf(shorter) < sizeOf(compressed) ? shorter : compressed;
    compressed = { ...rest, ...(vector && next !== 'pattern' && { vector }), form: next };
  }
  return compressed;
}
