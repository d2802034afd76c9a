import { noteDown } from './extractive-summary.ts';
import type { Message, SessionSubject } from '../session.ts';
import type { Note, SummaryContent } from './summary.ts';

/** A summary is made from the one before and the messages since. */
export interface SummaryRequest {
  readonly agentId: string;
  readonly subject: SessionSubject;
  readonly previous?: SummaryContent;
  /** Oldest first. */
  readonly messages: readonly Message[];
}

export interface Summarizer {
  summarize(request: SummaryRequest): Promise<SummaryContent>;
}

/** The notes a summary holds: those it is made of, or the sentences of a text that a model wrote. */
export const notesOf = (content: SummaryContent | undefined, limitBytes: number): readonly Note[] => {
  if (!content) return [];
  if ('notes' in content) return content.notes;
  return noteDown([], [{ seq: 0, role: 'assistant', content: content.text, createdAt: '' }], limitBytes);
};

/** Summarizes by keeping sentences: deterministic, immediate and free of charge. */
export class ExtractiveSummarizer implements Summarizer {
  readonly #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  async summarize({ previous, messages }: SummaryRequest): Promise<SummaryContent> {
    const before = notesOf(previous, this.#limitBytes);
    return { by: 'extractive', notes: noteDown(before, messages, this.#limitBytes) };
  }
}
