/** @throws Error that says what was expected */
export function expect(isMet: boolean, what: string, seen?: unknown): asserts isMet {
  if (!isMet) throw new Error(`expected ${what}${seen === undefined ? '' : `, not ${JSON.stringify(seen)}`}`);
}
