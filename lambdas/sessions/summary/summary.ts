/** Kinds of notes, in the order in which a summary shows them. */
export const noteKinds = ['decision', 'question', 'fact', 'name', 'gist'] as const;
export type NoteKind = (typeof noteKinds)[number];

/** A sentence that was kept of a message. */
export interface Note {
  /** Number of its message. */
  readonly seq: number;
  readonly kind: NoteKind;
  readonly text: string;
  /** Its weight among its kind: 0 when nothing marks it. */
  readonly weight: number;
}

/** The output of a summarizer: sentences that were said, or a text of its own. */
export type SummaryContent =
  | { readonly by: 'extractive'; readonly notes: readonly Note[] }
  | { readonly by: string; readonly text: string };

/** The messages that have left the hot window, in short. */
export interface Summary {
  readonly text: string;
  /** It holds every message up to this one. */
  readonly throughSeq: number;
  readonly updatedAt: string;
  /** `extractive`, or the id of the model that wrote it. */
  readonly by: string;
}

/** The summary as it is stored: the next one is made from its content. */
export interface RunningSummary {
  readonly content: SummaryContent;
  readonly throughSeq: number;
  readonly updatedAt: string;
}

const headings: Readonly<Record<NoteKind, string>> = {
  decision: 'Decisions',
  question: 'Open questions',
  fact: 'Facts',
  name: 'Names',
  gist: 'Also said',
};

/** One line a kind, sentences in the order in which they were said. */
export const renderNotes = (notes: readonly Note[]): string =>
  noteKinds
    .flatMap((kind) => {
      const texts = notes.filter((note) => note.kind === kind).map(({ text }) => text);
      return texts.length > 0 ? [`${headings[kind]}: ${texts.join(' ')}`] : [];
    })
    .join('\n');

export const textOf = (content: SummaryContent): string =>
  'notes' in content ? renderNotes(content.notes) : content.text;

export const toSummary = ({ content, throughSeq, updatedAt }: RunningSummary): Summary => ({
  text: textOf(content),
  throughSeq,
  updatedAt,
  by: content.by,
});
