import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as z from 'zod';
import { answerBytes, AnswerRoom, MAX_ANSWER_BYTES } from '../../../lambdas/shared/answer-room.ts';
import { bodyOf } from '../../../lambdas/shared/http/answer.ts';
import { defineRoute } from '../../../lambdas/shared/http/contract.ts';
import { createHttpHandler } from '../../../lambdas/shared/http/handler.ts';
import { omittedSchema } from '../../../lambdas/shared/schema/fields.ts';
import { call, eventOf, lambdaContext } from '../../support/api.ts';
import { createTestRuntime } from '../../support/runtime.ts';

interface Item {
  readonly id: string;
  readonly text: string;
}
interface Omitted {
  readonly id: string;
  readonly bytes: number;
}

/** Texts of which a byte may take six as JSON. */
const items = (maxLength: number) =>
  fc
    .array(fc.tuple(fc.nat(900_000), fc.constantFrom('x', '"', '\u0001', 'ä', '💥')), { maxLength })
    .map((sizes) =>
      sizes.map(([size, unit], i): Item => ({ id: `${i}`, text: unit.repeat(size / answerBytes(unit)) })),
    );

describe('an answer that leaves out the largest', () => {
  it('never passes 4 MB, keeps the order, and names exactly what is missing, which is the largest', () => {
    fc.assert(
      fc.property(items(20), (all) => {
        const text = bodyOf({ omits: { items: 'id' } }, { items: all, considered: all.length });
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
        const answer = JSON.parse(text) as { items: Item[]; omitted?: Omitted[]; considered: number };
        const { items: shown, omitted = [] } = answer;
        const gone = new Set(omitted.map(({ id }) => id));
        expect(shown.map(({ id }) => id)).toEqual(all.map(({ id }) => id).filter((id) => !gone.has(id)));
        expect(gone.size + shown.length).toBe(all.length);
        for (const { id, bytes } of omitted) expect(bytes).toBe(answerBytes(all[Number(id)]));
        const smallest = Math.min(...omitted.map(({ bytes }) => bytes));
        for (const item of shown) expect(answerBytes(item)).toBeLessThanOrEqual(smallest);
        expect(answer.considered).toBe(all.length);
        // Nothing is left out for nothing.
        if (answerBytes({ items: all, considered: all.length }) <= MAX_ANSWER_BYTES)
          expect(answer).not.toHaveProperty('omitted');
      }),
      { numRuns: 40 },
    );
  });

  it('names them beside the list they are missing from, with their owner', () => {
    const big = (id: string) => ({ id, agentId: 'a', text: 'x'.repeat(1_500_000) });
    const results = [{ items: [big('1'), { id: '2' }] }, { items: [big('3')] }, { items: [big('4')] }];
    const { results: shown } = JSON.parse(bodyOf({ omits: { 'results.*.items': 'id' } }, { results })) as {
      results: { items: Item[]; omitted?: Omitted[] }[];
    };
    expect(shown.map((row) => row.items.map(({ id }) => id))).toEqual([['1', '2'], ['3'], []]);
    expect(shown.map(({ omitted }) => omitted)).toEqual([
      undefined,
      undefined,
      [{ id: '4', agentId: 'a', bytes: answerBytes(big('4')) }],
    ]);
  });

  it('fits whatever many small ones there are', () => {
    const many = Array.from({ length: 60_000 }, (_, i) => ({ id: `${i}`, text: 'x'.repeat(100) }));
    expect(Buffer.byteLength(bodyOf({ omits: { items: 'id' } }, { items: many }))).toBeLessThanOrEqual(
      MAX_ANSWER_BYTES,
    );
  });
});

describe('the room of a page', () => {
  it('ends it before 4 MB, and lets every list go on', () => {
    fc.assert(
      fc.property(items(20), fc.integer({ min: 1, max: 20 }), (all, maxResults) => {
        const pages: Item[][] = [];
        for (let rest: readonly Item[] = all; rest.length > 0; rest = rest.slice(pages.at(-1)!.length))
          pages.push(new AnswerRoom().takeLeading(rest, maxResults));
        expect(pages.flat()).toEqual(all);
        for (const page of pages) {
          expect(page.length).toBeGreaterThan(0);
          expect(page.length).toBeLessThanOrEqual(maxResults);
          expect(answerBytes({ items: page, nextToken: 'x'.repeat(4096) })).toBeLessThanOrEqual(
            MAX_ANSWER_BYTES,
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a handler', () => {
  const route = defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/things',
    audience: 'agent',
    summary: 'A route of this test',
    params: z.strictObject({ agentId: z.string() }),
    query: z.strictObject({}),
    response: z.object({ text: z.string(), omitted: omittedSchema }),
    status: 200,
    errors: [],
  });
  const answering = (text: string) =>
    createHttpHandler(createTestRuntime('answers'), 'iam', { route }, { route: async () => ({ text }) });
  const params = { agentId: 'a' };

  it('answers what Lambda takes, in base64 where JSON in JSON would not fit', async () => {
    const text = '"'.repeat(1_990_000);
    const result = await answering(text)(eventOf(route, { params }), lambdaContext);
    expect(result.isBase64Encoded).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(6 * 1024 * 1024);
    expect((await call(answering(text), route, { params })).body.text).toBe(text);
    expect(await answering('small')(eventOf(route, { params }), lambdaContext)).not.toHaveProperty(
      'isBase64Encoded',
    );
  });

  it('answers an error that says the size when an answer would pass 4 MB all the same', async () => {
    const { status, body } = await call(answering('x'.repeat(MAX_ANSWER_BYTES)), route, { params });
    expect(status).toBe(500);
    expect(body.error).toMatchObject({
      code: 'Internal',
      message: 'The answer would be 4000011 bytes; the limit is 4000000. Ask for less at a time',
    });
  });
});
