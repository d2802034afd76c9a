import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { faultyPosition, jsonFault } from '../../../lambdas/shared/http/json-fault.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('where a text is no JSON', () => {
  it.each([
    ['{"a": 1,}', 'unexpected "}" at line 1, column 9'],
    ['{\n  "a": 1\n  "b": 2\n}', 'unexpected "\\"" at line 3, column 3'],
    ['{"a": NaN}', 'unexpected "N" at line 1, column 7'],
    ["{'a': 1}", 'unexpected "\'" at line 1, column 2'],
    ['{"a": "line\nbreak"}', 'unexpected "\\n" at line 1, column 12'],
    ['{"a": "\\x"}', 'unexpected "\\\\" at line 1, column 8'],
    ['{"a": 01}', 'unexpected "1" at line 1, column 8'],
    ['{"a": [1, 2}', 'unexpected "}" at line 1, column 12'],
    ['{"a": 1} x', 'unexpected "x" at line 1, column 10'],
    ['{"a": 💥}', 'unexpected "💥" at line 1, column 7'],
    ['{"a": "open', 'it ends too early, at line 1, column 12'],
    ['{"a":\n[1,', 'it ends too early, at line 2, column 4'],
    ['', 'it ends too early, at line 1, column 1'],
  ])('%j: %s', (text, fault) => {
    expect(jsonFault(text)).toBe(`: ${fault}`);
  });

  it('is found exactly where JSON.parse refuses, however a text was damaged', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '{', ']', '"', ',', ':', '\\', '0', '\n', 'x', '-'))
      .map(([text, at, put]) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + put + text.slice(from + 1);
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string(), fc.json()), (text) => {
        const position = faultyPosition(text);
        expect(position === undefined).toBe(isJson(text));
        // Cut there, the text is JSON, or nothing is wrong with it but its end.
        if (position !== undefined)
          expect([position, undefined]).toContain(faultyPosition(text.slice(0, position)));
      }),
      { numRuns: 2000 },
    );
  });

  it('is found in a megabyte, and a hundred thousand levels deep', () => {
    expect(faultyPosition(`{"a":"${'\\u00e4x'.repeat(150_000)}`)).toBe(1_050_006);
    expect(faultyPosition('['.repeat(100_000))).toBe(100_000);
  });
});
