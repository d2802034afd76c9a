import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ErasedMarks } from '../../../lambdas/shared/erased-marks.ts';
import { AccessCounts } from '../../../lambdas/memories/access-counts.ts';
import { MemoryFeed } from '../../../lambdas/memories/memory-feed.ts';
import { MemoryRecords } from '../../../lambdas/memories/memory-records.ts';
import { intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-03-02T09:00:00.000Z';
const one = createMemoriesFixture({ now: NOW });
/** Another instance of the function: another process would have nothing else in common. */
const other = createMemoriesFixture({ now: NOW });

type Item = { memoryId: string; text: string; score: number; why: Record<string, never> };
const texts = ({ body }: { body: { items: Item[] } }): string[] => body.items.map(({ text }) => text);

beforeAll(() => createTables());

describe('search', () => {
  it('finds by stems, tags, speaker, topic and date words, and explains every score', async () => {
    await one.save('finder', { content: 'Volatility was rising before the announcements.' });
    await one.save('finder', { content: 'Liquidity dried up.', tags: ['overnight'] });
    await one.save('finder', {
      content: 'We should hedge.',
      metadata: { speaker: 'Ana', topic: 'risk', occurredAt: '2026-01-15T10:00:00Z' },
    });
    const find = async (query: string) => texts(await one.search('finder', { query }));
    expect(await find('announcement of rises')).toEqual(['Volatility was rising before the announcements.']);
    expect(await find('overnight')).toEqual(['Liquidity dried up.']);
    expect(await find('what did ana say')).toEqual(['We should hedge.']);
    expect(await find('January risks')).toEqual(['We should hedge.']);
    expect(await find('on the fifteenth of January')).toEqual(['We should hedge.']);
    const { terms } = (await one.search('finder', { query: 'January 15th' })).body.items[0].why.lexical;
    expect(Object.keys(terms).sort()).toEqual(['15', 'januari']);
    expect(await find('what was it about the')).toEqual([]);
    const [hit] = (await one.search('finder', { query: 'rising volatility' })).body.items;
    const { base, recency, importance, outcome, lexical } = hit.why;
    expect(hit.score).toBeCloseTo(base * recency * importance * outcome, 12);
    expect(Object.keys(lexical.terms).sort()).toEqual(['rise', 'volatil']);
    expect(lexical.terms.rise + lexical.terms.volatil).toBeCloseTo(lexical.score, 12);
  });

  it('finds what another instance has just written, changed or removed from view', async () => {
    await one.save('pair', { content: 'warm up the index' });
    await other.search('pair', { query: 'anything' });
    const { body } = await one.save('pair', { content: 'gamma squeeze in small caps' });
    expect(texts(await other.search('pair', { query: 'gamma squeeze' }))).toEqual([
      'gamma squeeze in small caps',
    ]);
    await one.update('pair', body.memoryId, { expectedVersion: 1, content: 'delta hedging flows' });
    expect(texts(await other.search('pair', { query: 'gamma' }))).toEqual([]);
    expect(texts(await other.search('pair', { query: 'hedge' }))).toEqual(['delta hedging flows']);
    one.runtime.advance(1000);
    await one.save('pair', { content: 'delta hedging flows' });
    const [hit] = (await other.search('pair', { query: 'hedge' })).body.items;
    expect(hit).toMatchObject({ timesSeen: 2 });
  });

  it('reads what was written long ago once, and then only what is new', async () => {
    let reads = 0;
    const counting = createMemoriesFixture({
      now: '2026-03-02T10:00:00.000Z',
      documents: (real) =>
        Object.assign(Object.create(real), {
          send: (command: object) => {
            if (/Query|BatchGet/.test(command.constructor.name)) reads++;
            return real.send(command as never);
          },
        }),
    });
    await counting.search('pair', { query: 'delta' });
    reads = 0;
    await counting.search('pair', { query: 'delta' });
    // The feed, and the mark of the last run.
    expect(reads).toBe(2);
    await counting.save('pair', { content: 'another entry' });
    reads = 0;
    expect(texts(await counting.search('pair', { query: 'entry' }))).toEqual(['another entry']);
    expect(reads).toBe(3);
  });

  it('reads all of what takes several pages', async () => {
    const written = Array.from({ length: 14 }, (_, i) => `marker${i} ${'filler '.repeat(14_000)}`);
    for (const content of written) await one.save('pager', { content });
    const fresh = createMemoriesFixture({ now: '2026-03-02T12:00:00.000Z' });
    const { results } = (
      await fresh.batch(
        'pager',
        written.slice(0, 10).map((_, i) => ({ query: `marker${i}` })),
      )
    ).body;
    expect(
      results.map(({ items }: { items: Item[] }) => items.map(({ text }) => text.split(' ')[0])),
    ).toEqual(written.slice(0, 10).map((_, i) => [`marker${i}`]));
  });

  it('begins again when the feed no longer reaches back far enough, or says so', async () => {
    const reader = createMemoriesFixture({ now: '2026-03-02T10:00:00.000Z' });
    await reader.save('sleeper', { content: 'first thing' });
    await reader.search('sleeper', { query: 'thing' });
    const later = createMemoriesFixture({ now: '2026-03-03T10:00:00.000Z' });
    await later.save('sleeper', { content: 'second thing' });
    const { runtime } = later;
    const feed = new MemoryFeed(
      new Table(runtime.unrecorded, tableName('memory'), runtime.clock),
      runtime.randomPart,
    );
    const night = new Date('2026-03-05T02:00:00.000Z');
    expect(await feed.trim('sleeper', night)).toBe(2);
    expect(await feed.trim('sleeper', night)).toBe(0);
    reader.runtime.setTime(night);
    expect(texts(await reader.search('sleeper', { query: 'thing' })).sort()).toEqual([
      'first thing',
      'second thing',
    ]);
    await feed.reset('sleeper');
    expect(texts(await reader.search('sleeper', { query: 'second' }))).toEqual(['second thing']);
  });

  it('lets turns of a conversation help their neighbours', async () => {
    const say = (seq: number, speaker: string, content: string) =>
      one.save('talker', {
        memoryType: 'INSIGHT',
        content,
        metadata: { seq, speaker },
        provenance: { sessionId: 's-1' },
      });
    await say(2, 'Bo', 'To Lisbon, in the second week.');
    await say(1, 'Ana', 'Where do you travel for the conference?');
    await say(3, 'Ana', 'Nice weather then.');
    await one.save('talker', { content: 'Unrelated note.' });
    const { items } = (await one.search('talker', { query: 'conference travel' })).body;
    expect(items.map(({ text }: Item) => text)).toEqual([
      'Where do you travel for the conference?',
      'To Lisbon, in the second week.',
    ]);
    expect(items[1].why.lexical).toMatchObject({ score: 0, terms: {} });
    expect(items[1].why.lexical.neighbours).toBeGreaterThan(0);
  });

  it('applies filters before it ranks: what they leave is found however good the rest is', async () => {
    for (let i = 0; i < 12; i++)
      await one.save('filter', { content: `alpha alpha alpha ${i}`, importance: 0.9 });
    await one.save('filter', {
      memoryType: 'RULE',
      content: 'a long rule in which alpha is one of very many words that are said',
      tags: ['a', 'b'],
      importance: 0.2,
      metadata: { occurredAt: '2025-06-01T00:00:00Z' },
    });
    const count = async (filters: object) =>
      (await one.search('filter', { query: 'alpha', topK: 1, filters })).body.items.map(
        (item: { memoryType: string }) => item.memoryType,
      );
    expect(await count({})).toEqual(['OBSERVATION']);
    for (const filters of [
      { memoryType: 'RULE' },
      { memoryType: ['RULE', 'TRADE'] },
      { category: 'rules' },
      { tags: ['b'] },
      { to: '2025-12-31T00:00:00Z' },
    ])
      expect(await count(filters)).toEqual(['RULE']);
    expect(await count({ tags: ['a', 'c'] })).toEqual([]);
    expect(await count({ tier: 'cold' })).toEqual([]);
    expect(await count({ memoryType: 'RULE', minConfidence: 0.5 })).toEqual([]);
    expect(await count({ memoryType: 'RULE', from: '2025-06-02T00:00:00Z' })).toEqual([]);
  });

  it('boosts the new, the important and the successful between equals, unless told not to', async () => {
    const own = createMemoriesFixture({ now: NOW });
    await own.save('booster', { memoryType: 'TRADE', content: 'omega one', importance: 0.1 });
    await own.save('booster', { memoryType: 'TRADE', content: 'omega two', importance: 1 });
    await own.save('booster', {
      memoryType: 'TRADE',
      content: 'omega six',
      importance: 0.1,
      outcome: { status: 'success' },
    });
    const order = async (boosts?: object) => texts(await own.search('booster', { query: 'omega', boosts }));
    expect(await order({ outcome: false })).toEqual(['omega two', expect.any(String), expect.any(String)]);
    expect((await order({ importance: false }))[0]).toBe('omega six');
    const off = (
      await own.search('booster', {
        query: 'omega',
        boosts: { importance: false, outcome: false, recency: false },
      })
    ).body;
    expect(new Set(off.items.map(({ score }: Item) => score))).toEqual(new Set([1]));
    own.runtime.advance(14 * 24 * 3600 * 1000);
    await own.save('booster', { memoryType: 'TRADE', content: 'omega new', importance: 0.1 });
    expect((await order({ importance: false, outcome: false }))[0]).toBe('omega new');
  });

  it('drops what has expired without anybody removing it', async () => {
    const own = createMemoriesFixture({ now: NOW });
    await own.save('expiry', { memoryType: 'OPPORTUNITY', content: 'arbitrage window' });
    expect(texts(await own.search('expiry', { query: 'arbitrage' }))).toHaveLength(1);
    own.runtime.setTime('2026-03-05T09:00:00.000Z');
    expect(texts(await own.search('expiry', { query: 'arbitrage' }))).toEqual([]);
  });

  it('answers several questions at once, in their order', async () => {
    const { results } = (
      await one.batch('finder', [{ query: 'liquidity' }, { query: 'nothing like it' }, { query: 'hedge' }])
    ).body;
    expect(results.map((result: { items: Item[] }) => result.items.length)).toEqual([1, 0, 1]);
  });

  it('preloads for a situation: pinned memories first, then what its fields find', async () => {
    await one.save('loader', {
      memoryType: 'PREFERENCE',
      content: 'Never more than 2 % a trade.',
      pinned: true,
    });
    await one.save('loader', { content: 'BTC fell on every second Monday.' });
    await one.save('loader', { content: 'ETH gas was cheap.' });
    const answer = await one.preload('loader', { situation: { coin: 'BTC', market: { trend: 'falling' } } });
    expect(texts(answer)).toEqual(['Never more than 2 % a trade.', 'BTC fell on every second Monday.']);
  });
});

describe('shared memories', () => {
  it('are found by whom they are shared with, change with their owner, and are gone when sharing ends', async () => {
    await one.register('donor', 'reader', 'outsider');
    await one.save('reader', { content: 'my note on basis trades' });
    const { body } = await one.save('donor', { content: 'basis trades blew up', sharing: ['reader'] });
    await one.save('donor', { content: 'private basis thoughts' });
    const find = async (agentId: string, scope: string, query = 'basis') =>
      texts(await other.search(agentId, { query, scope }));
    expect(await find('reader', 'shared')).toEqual(['basis trades blew up']);
    expect((await find('reader', 'all')).sort()).toEqual(['basis trades blew up', 'my note on basis trades']);
    expect(await find('reader', 'own')).toEqual(['my note on basis trades']);
    expect(await find('outsider', 'all')).toEqual([]);
    await one.update('donor', body.memoryId, { expectedVersion: 1, content: 'carry trades blew up' });
    expect(await find('reader', 'shared', 'carry')).toEqual(['carry trades blew up']);
    await one.share('donor', body.memoryId, { with: [] });
    expect(await find('reader', 'shared', 'carry')).toEqual([]);
  });
});

describe('reads', () => {
  it('are counted without a write for each, and folded into the memories once', async () => {
    const own = createMemoriesFixture({ now: NOW });
    const { body } = await own.save('counted', { content: 'read me often' });
    for (let i = 0; i < 3; i++) await own.search('counted', { query: 'often' });
    await own.get('counted', body.memoryId);
    const { runtime } = own;
    const counts = new AccessCounts(
      new Table(runtime.unrecorded, tableName('memory'), runtime.clock),
      runtime.randomPart,
      new ErasedMarks(new Table(runtime.unrecorded, tableName('state'), runtime.clock)),
    );
    const until = new Date('2026-03-03T02:00:00.000Z');
    // The first at once, for an instance that is not asked again; what came after it in the same minute waits.
    const first = await counts.read('counted', until);
    expect(first).toMatchObject({ searches: 1, found: 1, rows: { length: 1 } });
    expect(first.memories.get(body.memoryId)?.count).toBe(1);
    runtime.advance(61_000);
    await own.search('counted', { query: 'nothing at all' });
    const read = await counts.read('counted', until);
    expect(read).toMatchObject({ searches: 4, found: 3, rows: { length: 2 } });
    expect(read.memories.get(body.memoryId)?.count).toBe(4);
    await counts.fold('counted', until);
    await counts.fold('counted', until);
    const stored = await new MemoryRecords(new Table(runtime.unrecorded, tableName('memory'))).get(
      'counted',
      body.memoryId,
    );
    expect(stored).toMatchObject({ accessCount: 4, version: 1 });
    expect((await counts.read('counted', until)).rows).toEqual([]);
  });

  it('noted at the same moment are counted once, and those that could not be written later', async () => {
    const { documents, clock, advance } = createUnrecordedRuntime({ now: NOW });
    const table = tableName('memory');
    let refusals = 1;
    const refusing = intercept(async (command, pass) => {
      if (command instanceof PutCommand && refusals-- > 0) throw new Error('throttled');
      return pass(command);
    })(documents);
    const marks = new ErasedMarks(new Table(documents, tableName('state'), clock));
    let id = 0;
    const counts = new AccessCounts(new Table(refusing, table, clock), () => Uint8Array.of(id++), marks);
    const asked = async () => {
      counts.note('together', ['INSIGHT-a']);
      counts.noteSearch('together', true, 1);
      await counts.flush();
    };
    const known = async () => {
      const { memories, searches } = await counts.read('together', new Date('2026-03-03T02:00:00.000Z'));
      return [memories.get('INSIGHT-a')?.count ?? 0, searches];
    };
    await Promise.all([asked(), asked()]);
    expect(await known()).toEqual([0, 0]);
    advance(61_000);
    await Promise.all([asked(), asked(), asked()]);
    advance(61_000);
    await asked();
    expect(await known()).toEqual([6, 6]);
  });
});
