/** Shorter parts are copied anyway. */
const SHORTEST_VIEW = 13;

/**
 * The same text with memory of its own. A part of a longer text, from 13 characters on, is a view of it in V8 and keeps
 * all of it alive: what is remembered for long must not be one.
 */
export const detached = (text: string): string =>
  text.length < SHORTEST_VIEW ? text : Buffer.from(text, 'utf16le').toString('utf16le');
