import { beforeAll, describe, expect, it } from '@jest/globals';
import { BedrockEmbedder } from '../../../lambdas/memories/search/bedrock-embedder.ts';
import { type Embedder, HashingEmbedder, toUnitLength } from '../../../lambdas/memories/search/embedder.ts';
import { createTables } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';

/** Knows that cars are automobiles, as a model would; everything else is far from both. */
const synonyms: Embedder = {
  dimensions: 2,
  embed: (text) => Promise.resolve(toUnitLength(/car|automobile/i.test(text) ? [1, 0.1] : [0, 1])),
};

beforeAll(() => createTables());

describe('with an embedder', () => {
  it('finds by meaning what words do not, on any instance, and says how', async () => {
    const writer = createMemoriesFixture({ embedder: synonyms });
    const reader = createMemoriesFixture({ embedder: synonyms });
    await writer.save('meaning', { content: 'The automobile sector fell.' });
    await writer.save('meaning', { content: 'Rain in Lisbon.' });
    const { items } = (await reader.search('meaning', { query: 'cars' })).body;
    expect(items[0]).toMatchObject({
      text: 'The automobile sector fell.',
      why: { vector: { rank: 1, cosine: expect.closeTo(1, 6) } },
    });
    expect(items[0].why.lexical).toBeUndefined();
    expect(items[0].vector).toBeUndefined();
    const { memory } = (await reader.revisions('meaning', items[0].memoryId)).body.items[0];
    expect(memory.vector).toBeUndefined();
    const both = (await reader.search('meaning', { query: 'automobile' })).body.items[0];
    expect(both.why).toMatchObject({ base: 1, lexical: { rank: 1 }, vector: { rank: 1 } });
  });

  it('goes on by words when it does not answer, for writes as for searches', async () => {
    const broken: Embedder = { dimensions: 2, embed: () => Promise.reject(new Error('throttled')) };
    const api = createMemoriesFixture({ embedder: broken });
    expect((await api.save('wordy', { content: 'plain words' })).status).toBe(201);
    expect((await api.search('wordy', { query: 'words' })).body.items).toHaveLength(1);
  });
});

describe('embedders', () => {
  it('hash the same text to the same unit vector, near to what shares its words', async () => {
    const embedder = new HashingEmbedder();
    const [a, b, c] = await Promise.all(
      ['selling bitcoin', 'bitcoin sells', 'rain'].map((text) => embedder.embed(text)),
    );
    const cosine = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    expect(cosine(a!, b!)).toBeCloseTo(1, 6);
    expect(Math.abs(cosine(a!, c!))).toBeLessThan(0.5);
    expect((await embedder.embed('the of')).every((value) => value === 0)).toBe(true);
  });

  it('ask Bedrock for 256 normalized dimensions', async () => {
    const sent: unknown[] = [];
    const client = {
      send: (command: { input: { modelId: string; body: string } }) => {
        sent.push([command.input.modelId, JSON.parse(command.input.body)]);
        return Promise.resolve({ body: new TextEncoder().encode(JSON.stringify({ embedding: [3, 4] })) });
      },
    };
    const vector = await new BedrockEmbedder('titan', client as never).embed('hello');
    expect([...vector]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
    expect(sent).toEqual([['titan', { inputText: 'hello', dimensions: 256, normalize: true }]]);
  });
});
