/** V8 copies a shorter part of a text; from this length on it keeps a view of the whole text. */
const SHORTEST_VIEW = 13;

/** The same text with memory of its own. Cache a part of a longer text only detached: a view keeps the whole alive. */
export const detach = (text: string): string =>
  text.length < SHORTEST_VIEW ? text : Buffer.from(text, 'utf16le').toString('utf16le');

/**
 * A function of a text with a cache of its results.
 * @param maxCharacters of the cached texts together; when they are more, the cache is cleared
 */
export function memoizeText<Result>(
  maxCharacters: number,
  compute: (text: string) => Result,
): (text: string) => Result {
  const cache = new Map<string, { readonly result: Result }>();
  let characters = 0;
  return (text) => {
    const cached = cache.get(text);
    if (cached) return cached.result;
    const result = compute(text);
    characters += text.length;
    if (characters > maxCharacters) {
      cache.clear();
      characters = text.length;
    }
    cache.set(detach(text), { result });
    return result;
  };
}
