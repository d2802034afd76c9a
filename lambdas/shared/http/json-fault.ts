/** The tokens that may come next in a JSON text. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end';

const SPACE = /[ \t\n\r]*/y;
/** A string up to its closing quote: it matches as much of it as is right. */
const STRING_START = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function endOf(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/**
 * Position of the first character at which a text stops being JSON; its length when it ends too early. JSON.parse
 * itself says it in words that differ between engines, or not at all. Iterative: the depth is the sender's choice.
 *
 * @returns undefined when nothing is wrong
 */
export function faultyPosition(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected = 'value' as Expected;
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at)!;
    const character = text[at];
    if (expected === 'comma or end' && open.length === 0) return character === undefined ? undefined : at;
    if (character === undefined) return at;
    const inside: '{' | '[' | undefined = open.at(-1);
    if (expected === 'colon') {
      if (character !== ':') return at;
      at += 1;
      expected = 'value';
    } else if (
      (character === '}' && inside === '{' && (expected === 'comma or end' || expected === 'key or }')) ||
      (character === ']' && inside === '[' && (expected === 'comma or end' || expected === 'value or ]'))
    ) {
      open.pop();
      at += 1;
      expected = 'comma or end';
    } else if (expected === 'comma or end') {
      if (character !== ',') return at;
      at += 1;
      expected = inside === '{' ? 'key' : 'value';
    } else if (character === '"') {
      at = endOf(STRING_START, text, at)!;
      if (text[at] !== '"') return at;
      at += 1;
      expected = expected === 'key' || expected === 'key or }' ? 'colon' : 'comma or end';
    } else if (expected === 'key' || expected === 'key or }') {
      return at;
    } else if (character === '{' || character === '[') {
      open.push(character);
      at += 1;
      expected = character === '{' ? 'key or }' : 'value or ]';
    } else {
      const end = endOf(SCALAR, text, at);
      if (end === undefined) return at;
      at = end;
      expected = 'comma or end';
    }
  }
}

/** Where and at what a text stops being JSON, by line and column from 1; empty when nothing is found wrong. */
export function jsonFault(text: string): string {
  const position = faultyPosition(text);
  if (position === undefined) return '';
  const lines = text.slice(0, position).split('\n');
  const where = `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
  const character = text.codePointAt(position);
  return character === undefined
    ? `: it ends too early, at ${where}`
    : `: unexpected ${JSON.stringify(String.fromCodePoint(character))} at ${where}`;
}
