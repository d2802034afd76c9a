import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTables } from '../../support/tables.ts';
import { createApi } from './support.ts';

beforeAll(() => createTables());

describe('whatever JSON a context holds', () => {
  const api = createApi();

  it('is stored and read back as it was sent, or refused', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        text,
        number,
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(text, tie('value'), { maxKeys: 4 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(text, value, { maxKeys: 5 }), async (sent) => {
        const context = JSON.parse(JSON.stringify(sent)) as unknown;
        const { status, body } = await api.log('hostile', { context });
        if (status === 400) return expect(body.error.issues[0].path).toMatch(/^context/);
        expect(status).toBe(201);
        expect((await api.get('hostile', body.decisionId)).body.context).toEqual(context);
      }),
      { numRuns: 60 },
    );
  });

  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

  it.each([
    [
      'numbers at the ends of what can be stored',
      { a: 9e125, b: -9e125, c: 1e-130, d: 2 ** 53 + 2, e: 5e-130 },
      201,
    ],
    ['a number beyond them', { a: 1e126 }, 400],
    ['a number too close to zero', { a: 1e-131 }, 400],
    ['the deepest nesting there may be', nested(26), 201],
    ['deeper nesting', nested(40), 400],
    ['a name as long as a name may be', { ['k'.repeat(1024)]: 1 }, 201],
    ['a longer name', { ['k'.repeat(1025)]: 1 }, 400],
    ['the same in characters of four bytes', { ['😀'.repeat(257)]: 1 }, 400],
    ['a name the database client takes for a type', { a: { constructor: { name: 'Uint8Array' } } }, 400],
    ['an empty name', { '': 1 }, 400],
    [
      'names that mean something elsewhere',
      { PK: 'x', ttl: 0, status: 'success', ':now': 1, '#ttl': 2, toString: 3, size: 4, then: 5 },
      201,
    ],
  ])('%s', async (_, context, status) => {
    const answer = await api.log('hostile', { context });
    expect(answer.status).toBe(status);
    if (status === 201)
      expect((await api.get('hostile', answer.body.decisionId)).body.context).toEqual(context);
  });

  it('fits up to the very byte the database allows, and never fails later than that', async () => {
    const base = {
      text: '',
      numbers: Array.from({ length: 500 }, (_, i) => i * 1.000_000_1 - 250),
      flags: [true, null],
    };
    const sizes = new Set<number>();
    for (let size = 402_500; size < 405_500; size += 500) {
      const { status } = await api.log('hostile', { context: { ...base, text: 'ä'.repeat(size / 2) } });
      sizes.add(status);
      expect([201, 413]).toContain(status);
    }
    expect([...sizes]).toEqual([201, 413]);
  });
});
