import { detached } from './detached.ts';

/** What is made of a text, made once: all is forgotten when the texts become too many characters. */
export function remembering<Made>(
  maxCharacters: number,
  make: (text: string) => Made,
): (text: string) => Made {
  const remembered = new Map<string, { readonly made: Made }>();
  let characters = 0;
  return (text) => {
    const known = remembered.get(text);
    if (known) return known.made;
    const made = make(text);
    characters += text.length;
    if (characters > maxCharacters) {
      remembered.clear();
      characters = text.length;
    }
    remembered.set(detached(text), { made });
    return made;
  };
}
