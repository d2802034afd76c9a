/**
 * Most bytes of an answer's body. Lambda answers 6 MB at most, in JSON: base64 of this fits there, whatever the text.
 */
export const MAX_ANSWER_BYTES = 4_000_000;
/** Room for everything around the items of an answer: a token, names, a few numbers. */
export const ENVELOPE_BYTES = 65_536;

/** Bytes of a value as it is sent. */
export const answerBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** Counts the items of one page as they are sent, so that the page ends before it is too large for an answer. */
export class AnswerRoom {
  #left = MAX_ANSWER_BYTES - ENVELOPE_BYTES;
  #isEmpty = true;

  /** @returns false when there is no room for the item; the first always has, or the list would never go on */
  take(item: unknown): boolean {
    const bytes = answerBytes(item) + 1;
    if (!this.#isEmpty && bytes > this.#left) return false;
    this.#left -= bytes;
    this.#isEmpty = false;
    return true;
  }

  /** The first of the items: at most `maxResults`, and only those there is room for. */
  takeLeading<T>(
    items: readonly T[],
    maxResults: number,
    shownAs: (item: T) => unknown = (item) => item,
  ): T[] {
    const taken: T[] = [];
    for (const item of items) {
      if (taken.length >= maxResults || !this.take(shownAs(item))) break;
      taken.push(item);
    }
    return taken;
  }
}
