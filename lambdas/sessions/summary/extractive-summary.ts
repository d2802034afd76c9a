import type { Message } from '../session.ts';
import { contentWords } from '../../shared/text/words.ts';
import { namesIn, numbersIn, sentencesOf } from './sentences.ts';
import { type Note, type NoteKind, noteKinds, renderNotes } from './summary.ts';

/**
 * Shares of the limit. A kind that needs less leaves the rest to the others. When there is too much, notes are dropped
 * from the kind that is furthest over its share: the least weighty, then the oldest.
 */
const shares: Readonly<Record<NoteKind, number>> = {
  decision: 0.35,
  question: 0.2,
  fact: 0.25,
  name: 0.12,
  gist: 0.08,
};

const QUESTION =
  /\?["')\]]*$|\b(?:open question|unclear|unresolved|undecided|not (?:yet )?(?:clear|decided|known)|to be (?:decided|confirmed|determined)|tbd|(?:need|have|remains) to (?:find out|check|confirm|clarify)|still (?:open|waiting|need))\b/i;
const DECISION =
  /\b(?:decid(?:e|ed|es)|decision|agree[ds]?|approved?|chose|chosen|settled on|go(?:ing|es)? with|we(?:'|’| wi)ll|i(?:'|’| wi)ll|let(?:'|’)?s|must|shall|confirmed|reject(?:ed)?|cancel(?:l?ed)?|never|always|from now on|the plan is)\b/i;
/** Words of a sentence that its speaker marks as worth keeping, or that conversations turn out to need later. */
const MARKED =
  /\b(?:remember|note that|important|keep in mind|make sure|don(?:'|’)t forget|decided|decision|approved|budget|limit|deadline|due|account|order|invoice|ticket|name is|named|called|address|e-?mail|phone|birthday|prefers?|allergic|open question)\b/i;
const CLOSING_OVERLAP = 0.6;
/** Words of a sentence that speaks of a question without answering it. */
const UNKNOWING =
  /\b(?:(?:do|does|did|could|can|is|are|was|were)(?: not|n(?:'|’)t)|can(?:not|(?:'|’)t)|not (?:sure|certain)|no idea|unknown|unsure|wonder(?:s|ed|ing)?)\b/i;

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;
const sameText = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

const withoutNumbers = (text: string): string =>
  numbersIn(text).reduce((rest, each) => rest.replace(each, '#'), text);

/** Data, not prose: JSON, and of a tool also markup and tables. A line of it says nothing alone. */
function isData({ role, content }: Message): boolean {
  if (!/^\s*[[{<|]/.test(content)) return false;
  if (role === 'tool') return true;
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}

const isQuestion = (sentence: string): boolean => QUESTION.test(sentence);

function kindOf(sentence: string, known: readonly Note[], isFirst: boolean): NoteKind | undefined {
  const says = contentWords(sentence).size >= 2;
  if (isQuestion(sentence))
    return says || namesIn(sentence).length > 0 || numbersIn(sentence).length > 0 ? 'question' : undefined;
  if (DECISION.test(sentence)) return 'decision';
  const numbers = new Set(known.flatMap(({ text }) => numbersIn(text)));
  if (numbersIn(sentence).some((number) => !numbers.has(number))) return 'fact';
  if (namesIn(sentence).some((name) => !known.some(({ text }) => text.includes(name)))) return 'name';
  return isFirst && says ? 'gist' : undefined;
}

const weightOf = (sentence: string, { role }: Message): number =>
  (MARKED.test(sentence) ? 2 : 0) + (role === 'user' ? 1 : 0);

/** The same sentence with other numbers in it, said in passing. */
const isEarlierReading = ({ kind, weight, text }: Note, sentence: string): boolean =>
  kind === 'fact' && weight === 0 && withoutNumbers(text) === withoutNumbers(sentence);

/** A statement with most of a question's words counts as its answer. */
function answers(statement: ReadonlySet<string>, question: string): boolean {
  const asked = contentWords(question);
  const shared = [...asked].filter((word) => statement.has(word)).length;
  return shared > 0 && shared >= CLOSING_OVERLAP * asked.size;
}

function fit(notes: readonly Note[], limitBytes: number): Note[] {
  const kept = [...notes];
  while (bytesOf(renderNotes(kept)) > limitBytes) {
    const used = (kind: NoteKind) =>
      kept.reduce((sum, note) => sum + (note.kind === kind ? bytesOf(note.text) : 0), 0) / shares[kind];
    const [fullest] = [...noteKinds].sort((a, b) => used(b) - used(a));
    const [least] = kept
      .filter(({ kind }) => kind === fullest)
      .sort((a, b) => a.weight - b.weight || a.seq - b.seq);
    kept.splice(kept.indexOf(least!), 1);
  }
  return kept;
}

function noteDownOne(notes: readonly Note[], message: Message, limitBytes: number): Note[] {
  if (isData(message)) return [...notes];
  let kept = [...notes];
  for (const [position, text] of sentencesOf(message.content).entries()) {
    if (!isQuestion(text) && !UNKNOWING.test(text)) {
      const words = contentWords(text);
      kept = kept.filter(
        (note) => !(note.kind === 'question' && note.seq < message.seq && answers(words, note.text)),
      );
    }
    const weight = weightOf(text, message);
    const again = kept.findIndex((note) => sameText(note.text) === sameText(text));
    if (again >= 0) {
      // Said again: as of now, in these words.
      const [before] = kept.splice(again, 1);
      kept.push({ ...before!, text, seq: message.seq, weight: Math.max(before!.weight, weight) });
      continue;
    }
    const kind = kindOf(text, kept, position === 0 && message.role === 'user');
    if (!kind) continue;
    // Of a figure that is repeated and not marked, only the last reading is worth keeping.
    if (kind === 'fact' && weight === 0) kept = kept.filter((note) => !isEarlierReading(note, text));
    kept.push({ seq: message.seq, kind, text, weight });
  }
  return fit(kept, limitBytes);
}

/**
 * Adds messages to the notes of those before them: sentences with a decision, an open question, or a number or name that
 * is new, and the user's first sentences. It goes message by message, so the number of steps in which a conversation was
 * summarized makes no difference. Nothing is invented: every note is a sentence that was said, whole or its beginning.
 *
 * @param limitBytes of the notes as a text, in UTF-8
 */
export const noteDown = (notes: readonly Note[], messages: readonly Message[], limitBytes: number): Note[] =>
  messages.reduce<Note[]>((before, message) => noteDownOne(before, message, limitBytes), [...notes]);
