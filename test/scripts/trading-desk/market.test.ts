import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { chainAt } from '../../../scripts/examples/trading-desk/agents.ts';
import { type Bar, DAY, HOUR, readBars } from '../../../scripts/examples/trading-desk/bars.ts';
import { type Bet, judge } from '../../../scripts/examples/trading-desk/bets.ts';
import { featuresAt, LEAD_HOURS } from '../../../scripts/examples/trading-desk/features.ts';
import { inventMarket, lastDays } from '../../../scripts/examples/trading-desk/market.ts';

const market = inventMarket(10, 3);

const bar = (index: number, close: number, spread = 0): Bar => ({
  time: index * HOUR,
  open: close,
  high: close * (1 + spread),
  low: close * (1 - spread),
  close,
  volume: 1,
});

/** The same past, another future. */
const withOtherFuture = (bars: readonly Bar[], hour: number, factor: number): Bar[] =>
  bars.map((known, i) =>
    i <= hour
      ? known
      : {
          ...known,
          close: known.close * factor,
          high: known.high * factor * 2,
          low: known.low / 2,
          volume: 0,
        },
  );

describe('the market of the demo', () => {
  it('is the same for the same seed and another for another', () => {
    expect(inventMarket(2, 3).bars).toEqual(inventMarket(2, 3).bars);
    expect(inventMarket(2, 4).bars).not.toEqual(inventMarket(2, 3).bars);
  });

  it('reads bars that carry the end of their hour, and takes the last whole days with their lead', () => {
    const lines = Array.from(
      { length: 40 * 24 + 5 },
      (_, i) => `${new Date(Date.UTC(2019, 0, 1) + i * HOUR).toISOString().slice(0, 19)}Z,1,2,0.5,1.5,10`,
    );
    const bars = readBars(['timestamp_utc,open,high,low,close,volume_btc', ...lines].join('\n'));
    expect(bars[0]).toEqual({
      time: Date.UTC(2019, 0, 1, 1),
      open: 1,
      high: 2,
      low: 0.5,
      close: 1.5,
      volume: 10,
    });
    const { start, bars: kept } = lastDays(bars, 5);
    expect(new Date(start).toISOString()).toBe('2019-02-05T00:00:00.000Z');
    expect(kept.at(-1)!.time).toBe(start + 5 * DAY);
    expect(start - kept[0]!.time).toBe((LEAD_HOURS - 1) * HOUR);
    expect(() => lastDays(bars, 20)).toThrow('cover');
  });

  it.each([
    ['no header', '2019-01-01T00:00:00Z,1,1,1,1,1', 'must begin with'],
    [
      'a word for a price',
      'timestamp_utc,open,high,low,close,volume\n2019-01-01T00:00:00Z,1,x,1,1,1',
      'line 2',
    ],
    [
      'a gap',
      'timestamp_utc,open,high,low,close,volume\n2019-01-01T00:00:00Z,1,1,1,1,1\n2019-01-01T02:00:00Z,1,1,1,1,1',
      'line 3',
    ],
  ])('refuses a file with %s', (_, text, message) => {
    expect(() => readBars(text)).toThrow(message);
  });
});

describe('what the agents know', () => {
  it('does not change when later bars change', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: LEAD_HOURS, max: market.bars.length - 2 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (hour, factor) => {
          const other = withOtherFuture(market.bars, hour, factor);
          expect(featuresAt(other.slice(0, hour + 1))).toEqual(featuresAt(market.bars.slice(0, hour + 1)));
          expect(chainAt(other.slice(0, hour + 1))).toEqual(chainAt(market.bars.slice(0, hour + 1)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('needs a month of bars', () => {
    expect(() => featuresAt(market.bars.slice(0, 100))).toThrow(RangeError);
  });
});

describe('the outcome of a bet', () => {
  const bars = [bar(0, 100), bar(1, 101, 0.001), bar(2, 99, 0.001), bar(3, 102, 0.001), bar(4, 50)];
  const status = (bet: Bet) => judge(bet, bars, 0)?.status;

  it('is unknown until the bars that decide it are there, and occurs when the last of them ends', () => {
    const bet: Bet = { kind: 'direction', side: 'long', limit: 0.01 };
    expect(judge(bet, bars.slice(0, 3), 0)).toBeUndefined();
    expect(judge(bet, bars.slice(0, 4), 0)).toMatchObject({
      status: 'success',
      occurredAt: new Date(3 * HOUR).toISOString(),
      metrics: { movedPct: 2 },
    });
  });

  it.each<[string, Bet, string]>([
    ['a long that rises', { kind: 'direction', side: 'long', limit: 0.01 }, 'success'],
    ['a short that rises', { kind: 'direction', side: 'short', limit: 0.01 }, 'failure'],
    ['a flat that moves too far', { kind: 'direction', side: 'flat', limit: 0.01 }, 'failure'],
    ['a flat that stays', { kind: 'direction', side: 'flat', limit: 0.03 }, 'success'],
    ['a window that pointed up', { kind: 'direction-of-window', change: 0.1 }, 'success'],
    ['a window that pointed nowhere', { kind: 'direction-of-window', change: 0 }, 'failure'],
    ['a range too narrow', { kind: 'range-within', estimate: 0.02 }, 'failure'],
    ['a range wide enough', { kind: 'range-within', estimate: 0.05 }, 'success'],
    [
      'an approval with a small dip',
      { kind: 'adverse-move', side: 'long', approved: true, limit: 0.02 },
      'success',
    ],
    [
      'an approval with a deep dip',
      { kind: 'adverse-move', side: 'long', approved: true, limit: 0.01 },
      'failure',
    ],
    [
      'a rejection of a deep dip',
      { kind: 'adverse-move', side: 'long', approved: false, limit: 0.01 },
      'success',
    ],
    ['a trade that ends higher', { kind: 'trade', side: 'long', stop: 0.05 }, 'success'],
    ['a trade that was stopped before', { kind: 'trade', side: 'long', stop: 0.01 }, 'failure'],
  ])('%s: %s', (_, bet, expected) => {
    expect(status(bet)).toBe(expected);
  });

  it('counts the fees of a trade', () => {
    const still = [bar(0, 100), bar(1, 100), bar(2, 100), bar(3, 100.05)];
    expect(judge({ kind: 'trade', side: 'long', stop: 0.05 }, still, 0)).toMatchObject({
      status: 'failure',
      metrics: { netReturnPct: -0.05, stopped: 0 },
    });
  });
});
