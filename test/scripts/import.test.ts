import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { ImportResult, ImportRow } from '../../lambdas/decisions/decision-import.ts';
import { newDecisionSchema } from '../../lambdas/decisions/fields.ts';
import { evaluate, RowError } from '../../scripts/import/expression.ts';
import { type MappedRow, Mapping, parseMapping } from '../../scripts/import/mapping.ts';
import { readOptions } from '../../scripts/import/options.ts';
import { type Rejection, runImport } from '../../scripts/import/run.ts';
import { openSource, type SourceRow } from '../../scripts/import/source.ts';
import { HttpTarget } from '../../scripts/import/target.ts';
import { announce, readRunningService } from '../../scripts/local/running-service.ts';
import { UsageError } from '../../scripts/shared/options.ts';

const directory = mkdtempSync(join(tmpdir(), 'import-'));
afterAll(() => rmSync(directory, { recursive: true }));
const write = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

async function mapped(file: string, mapping: string): Promise<MappedRow[]> {
  const map = new Mapping(parseMapping(mapping), file);
  const rows: MappedRow[] = [];
  for await (const row of openSource(file).rows()) rows.push(...map.rowsOf(row));
  return rows;
}

/** A committed mapping over a few rows in the shape of the file it is for. */
const withMapping = async (name: string, text: string) => {
  const extension = name.startsWith('btc') ? 'csv' : 'jsonl';
  const mapping = readFileSync(
    join(import.meta.dirname, `../../scripts/import/mappings/${name}.json`),
    'utf8',
  );
  return mapped(write(`${name}.${extension}`, text), mapping);
};

const decisionOf = ({ decision, problem }: MappedRow) => {
  if (!decision) throw new Error(`no decision: ${problem}`);
  return newDecisionSchema.parse(decision.decision);
};

const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');

describe('what a mapping computes', () => {
  const scope = {
    row: { price: '2.5', empty: '', 'a.b': { c: 1 }, flag: false, day: '2025-01-31' },
    line: 7,
  };

  it.each<[unknown, unknown]>([
    [{ $: 'row.price' }, '2.5'],
    [{ $: ['row', 'a.b', 'c'] }, 1],
    [{ $: 'row.empty' }, undefined],
    [{ $: 'row.constructor' }, undefined],
    [{ $: 'row.price.length' }, undefined],
    [{ $number: { $: 'row.price' } }, 2.5],
    [{ $subtract: [{ $: 'row.price' }, 1] }, 1.5],
    [{ $divide: [1, 0] }, undefined],
    [{ $add: [{ $: 'row.missing' }, 1] }, undefined],
    [{ $more: [{ $: 'row.price' }, 10] }, false],
    [{ $less: ['b', 'a'] }, false],
    [{ $equal: [{ $: 'row.flag' }, false] }, true],
    [{ $if: [{ $exists: { $: 'row.missing' } }, 1] }, undefined],
    [{ $not: { $exists: { $: 'row.missing' } } }, true],
    [{ $text: ['line ', { $: 'line' }] }, 'line 7'],
    [{ $time: { $: 'row.day' } }, '2025-01-31T00:00:00.000Z'],
    [{ $time: '2025-01-31 10:00:00' }, '2025-01-31T10:00:00.000Z'],
    [{ $time: 1_700_000_000 }, '2023-11-14T22:13:20.000Z'],
    [{ $time: '1700000000123' }, '2023-11-14T22:13:20.123Z'],
    [{ $after: [{ $: 'row.day' }, 0.5] }, '2025-01-31T00:00:00.500Z'],
    [{ $day: [{ $: 'row.day' }, 1] }, '2025-02-01'],
    [{ a: { $: 'row.missing' }, b: [{ $: 'row.missing' }, 1] }, { b: [1] }],
  ])('%j', (expression, value) => expect(evaluate(scope, expression)).toEqual(value));

  it.each([{ $number: 'many' }, { $add: [true, 1] }, { $time: 'soon' }])('refuses %j', (expression) =>
    expect(() => evaluate(scope, expression)).toThrow(RowError),
  );

  it.each([
    '{',
    '{"decision":{}}',
    '{"agentId":"a","decision":{"action":{"$shout":1}}}',
    '{"agentId":"a","decision":{},"x":1}',
  ])('is no mapping: %s', (text) => expect(() => parseMapping(text)).toThrow(/^the mapping/));
});

it('a row without an agent is none', () => {
  const map = new Mapping(parseMapping('{"agentId":{"$":"row.agent"},"decision":{}}'), write('x.jsonl', ''));
  const rows = [{}, { agent: { id: 1 } }, { agent: 7 }].flatMap((row, i) => map.rowsOf({ line: i + 1, row }));
  expect(rows.map(({ problem, decision }) => problem ?? decision?.agentId)).toEqual([
    'has no agentId',
    'has no agentId',
    '7',
  ]);
});

describe('the mappings there are', () => {
  it.each(['btc-usd-daily', 'btc-usd-hourly'])(
    '%s: a bar is a trade that knew the bar before it',
    async (name) => {
      const [first, second, third] = await withMapping(
        name,
        'timestamp_utc,open,high,low,close,volume_btc\n' +
          '2014-12-01T00:00:00Z,300,370,300,370,0.05\n2014-12-02T00:00:00Z,370,378,370,375.5,15\n2014-12-03T00:00:00Z,375.5,378,370,\n',
      );
      expect(first!.skipped).toBe(true);
      expect(decisionOf(second!)).toMatchObject({
        timestamp: '2014-12-02T00:00:00.000Z',
        context: { previous: { trend: 'up', rangePct: 23.333, volume: 0.05 } },
        outcome: {
          status: 'success',
          metrics: { returnPct: 1.4865 },
          trade: { entryPrice: 370, exitPrice: 375.5 },
        },
      });
      expect(third).toMatchObject({ line: 4, problem: expect.stringContaining('columns length') });
    },
  );

  it('tau-airline-decisions: tool calls in sessions, each with the one before it', async () => {
    const call = { agent: 'gpt', episode: '0.1', task_id: 0, trial: 1, args: { id: 'x' }, tool_error: true };
    const rows = await withMapping(
      'tau-airline-decisions',
      lines(
        { ...call, step: 0, action: 'look', episode_reward: 1 },
        { ...call, step: 1, action: 'book', episode_reward: 0 },
      ),
    );
    expect(rows.map(decisionOf)).toMatchObject([
      { sessionId: 'episode-0.1', context: { args: { id: 'x' } }, outcome: { status: 'success' } },
      { context: { after: 'look' }, outcome: { status: 'failure', errors: [expect.any(String)] } },
    ]);
  });

  it('ai-trader-crypto: orders are judged by the prices beside them, coins hold a row for each day', async () => {
    const prices = lines({
      'Meta Data': { '2. Symbol': 'BTC-USDT' },
      'Time Series (Daily)': {
        '2025-11-03': { '1. buy price': '110' },
        '2025-11-02': { '1. buy price': '100', '4. sell price': '110', '5. volume': '7' },
        '2025-11-01': { '1. buy price': '90', '4. sell price': '100', '5. volume': '5' },
      },
    });
    const bars = await withMapping('ai-trader-crypto-prices', prices);
    expect(bars.map(({ key, skipped }) => [key, skipped])).toEqual([
      ['2025-11-01', true],
      ['2025-11-02', undefined],
      ['2025-11-03', undefined],
    ]);
    expect(bars.slice(1).map(decisionOf)).toMatchObject([
      { outcome: { status: 'success' } },
      { context: { symbol: 'BTC-USDT' } },
    ]);
    expect(decisionOf(bars[2]!).outcome).toBeUndefined();

    const order = { market: 'crypto', agent: 'gpt-5', positions: { CASH: 1 } };
    const action = { symbol: 'BTC-USDT', amount: 2 };
    const orders = await withMapping(
      'ai-trader-crypto-decisions',
      lines(
        { ...order, date: '2025-11-01', id: 0 },
        { ...order, date: '2025-11-01', id: 1, this_action: { ...action, action: 'buy_crypto' } },
        { ...order, date: '2025-11-01', id: 2, this_action: { ...action, action: 'sell_crypto' } },
        { ...order, date: '2025-11-02', id: 3, this_action: { ...action, action: 'buy_crypto' } },
      ),
    );
    expect(orders[0]!.skipped).toBe(true);
    expect(orders.slice(1).map((row) => decisionOf(row).outcome?.status)).toEqual([
      'success',
      'failure',
      undefined,
    ]);
  });
});

describe('an import', () => {
  const mapping = '{"agentId":"a","decision":{"decisionType":"X","context":{"$":"row"}}}';
  const run = async (file: string, add: (rows: readonly ImportRow[]) => Promise<ImportResult[]>) => {
    const rejections: Rejection[] = [];
    const map = new Mapping(parseMapping(mapping), file);
    const counts = await runImport({
      rows: openSource(file).rows(),
      map: (row: SourceRow) => map.rowsOf(row),
      target: { add },
      onRejection: (rejection) => rejections.push(rejection),
      onProgress: () => undefined,
    });
    return { counts, rejections };
  };
  const file = write(
    'rows.jsonl',
    Array.from({ length: 950 }, (_, i) => (i === 3 ? 'nothing' : `{"i":${i % 900}}`)).join('\n'),
  );

  it('reports what is refused by line and goes on; equal rows are as many as they are, also the second time', async () => {
    const there = new Map<unknown, boolean>();
    const add = async (rows: readonly ImportRow[]) =>
      rows.map(({ decision }): ImportResult => {
        const { clientToken, context } = decision as { clientToken: string; context: { i: number } };
        if (context.i === 7) return { status: 'rejected', reason: 'seven' };
        if (there.has(clientToken)) return { status: 'present' };
        there.set(clientToken, true);
        return { status: 'added' };
      });
    const first = await run(file, add);
    expect(first.counts).toEqual({ rows: 950, added: 947, present: 0, skipped: 0, rejected: 3 });
    expect(first.rejections).toEqual([
      { line: 4, reason: expect.stringContaining('JSON') },
      { line: 8, reason: 'seven' },
      { line: 908, reason: 'seven' },
    ]);
    const second = await run(file, add);
    expect(second.counts).toEqual({ rows: 950, added: 0, present: 947, skipped: 0, rejected: 3 });
  });

  it('stops when nothing can be written any more, and says why', async () => {
    let calls = 0;
    const long = write('long.jsonl', '{"i":1}\n'.repeat(3000));
    const failing = run(long, async (rows) => {
      if (++calls > 2) throw new Error('no tables');
      return rows.map(() => ({ status: 'added' }));
    });
    await expect(failing).rejects.toThrow('no tables');
    expect(calls).toBeLessThan(15);
  });

  it('sends what is too large together in halves, and rejects what is too large alone', async () => {
    const sizes: number[] = [];
    const service = createServer((request, response) => {
      void text(request).then((body) => {
        const { decisions } = JSON.parse(body) as { decisions: unknown[] };
        const isTooLarge = body.length > 20_000;
        if (!isTooLarge) sizes.push(decisions.length);
        response.writeHead(isTooLarge ? 413 : 201, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify(
            isTooLarge
              ? { error: { code: 'PayloadTooLarge', message: 'too large' } }
              : { items: decisions.map(() => ({ loggedAt: '2026-03-02T00:00:00.000Z' })), failed: [] },
          ),
        );
      });
    });
    await once(service.listen(0, '127.0.0.1'), 'listening');
    const { port } = service.address() as AddressInfo;
    const rows = Array.from({ length: 40 }, (_, i) => ({ i, text: 'x'.repeat(i === 17 ? 30_000 : 1_500) }));
    const target = new HttpTarget(`http://127.0.0.1:${port}`, new Date('2026-03-01T00:00:00.000Z'));
    try {
      const { counts, rejections } = await run(write('large.jsonl', lines(...rows)), (some) =>
        target.add(some),
      );
      expect(counts).toEqual({ rows: 40, added: 39, present: 0, skipped: 0, rejected: 1 });
      expect(rejections).toEqual([{ line: 18, reason: expect.stringContaining('too large') }]);
      expect(Math.max(...sizes)).toBeGreaterThan(4);
    } finally {
      service.close();
      service.closeAllConnections();
    }
  });

  it('finds the service that runs with a data directory, and says when none does', () => {
    const service = { url: 'http://127.0.0.1:1', endpoint: 'http://127.0.0.1:2' };
    const withdraw = announce(directory, service);
    expect(readRunningService(directory)).toEqual(service);
    withdraw();
    expect(() => readRunningService(directory)).toThrow(
      `no service runs with the data directory ${directory}`,
    );
  });

  it.each([
    [[], '--file'],
    [['--file', 'x'], '--map'],
    [['--file', 'x', '--map', 'y', '--url', 'ftp://z'], '--url'],
    [['--file', 'x', '--map', 'y', '--url', 'http://z', '--direct'], 'not both'],
  ])('says how it is called: %j', (args, message) => {
    const call = () => readOptions(args);
    expect(call).toThrow(UsageError);
    expect(call).toThrow(message);
  });
});
