import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { newTradeSchema, pnlOfTrade, type Trade } from '../../../lambdas/decisions/trade.ts';
import { createTables } from '../../support/tables.ts';
import { createApi } from './support.ts';

beforeAll(() => createTables());

const closed: Trade = {
  symbol: 'BTC-USD',
  side: 'long',
  size: 2,
  entryPrice: 100,
  entryTime: '2026-02-01T10:00:00.000Z',
  exitPrice: 110,
  exitTime: '2026-02-02T10:00:00.000Z',
  fees: 1,
  pnl: 19,
  pnlPct: 9.5,
};

describe('a trade on an outcome', () => {
  const api = createApi();
  const put = async (trade: Record<string, unknown>) => {
    const { decisionId } = (await api.log('trader')).body;
    return (await api.outcome('trader', decisionId, { status: 'success', trade })).body;
  };
  const refused = async (more: Record<string, unknown>) =>
    (await put({ ...closed, ...more })).error.issues.map(({ path }: { path: string }) => path);

  it('is kept as it was sent', async () => {
    expect((await put({ ...closed })).outcome.trade).toEqual(closed);
    expect((await put({ symbol: 'ETH', side: 'sell' })).outcome.trade).toEqual({
      symbol: 'ETH',
      side: 'sell',
    });
  });

  it('that contradicts itself is refused, and the field named', async () => {
    expect(await refused({ pnl: 21 })).toEqual(['trade.pnl', 'trade.pnlPct']);
    expect(await refused({ side: 'short' })).toEqual(['trade.pnl']);
    expect(await refused({ pnlPct: 0.095 })).toEqual(['trade.pnlPct']);
    expect(await refused({ exitTime: '2026-01-31T10:00:00Z' })).toEqual(['trade.exitTime']);
    expect(await refused({ exitTime: '2999-01-01T00:00:00Z' })).toEqual(['trade.exitTime']);
    expect((await refused({ size: 0 }))[0]).toBe('trade.size');
    expect(await refused({ leverage: 3 })).toEqual(['trade.leverage']);
    const { body } = await api.log('trader', {
      outcome: { status: 'success', trade: { ...closed, pnl: 5, pnlPct: 2.5 } },
    });
    expect(body.error.issues[0]).toMatchObject({
      path: 'outcome.trade.pnl',
      message: 'must be within 0.225 of 19: (exitPrice − entryPrice) × size for a long, less fees',
    });
    const { body: twice } = await api.log('trader', {
      outcome: { status: 'success', providers: [{ provider: 'a' }, { provider: 'a' }] },
    });
    expect(twice.error.issues).toMatchObject([{ path: 'outcome.providers' }]);
  });

  it('of which only some is known is checked as far as it is', () => {
    const accepts = (trade: Partial<Trade>) =>
      newTradeSchema.safeParse({ symbol: 'X', side: 'long', ...trade }).success;
    expect(accepts({ pnl: -3 })).toBe(true);
    expect(accepts({ entryPrice: 10, exitPrice: 5, pnl: 3 })).toBe(true);
    expect(accepts({ size: 1, entryPrice: 10, exitPrice: 5, pnl: -5 })).toBe(true);
    expect(accepts({ size: 1, entryPrice: 10, exitPrice: 5, pnl: 3 })).toBe(false);
    expect(accepts({ size: 1, entryPrice: 10, exitPrice: 5, pnlPct: -50 })).toBe(true);
    expect(accepts({ size: 1, entryPrice: 10, exitPrice: 5, pnlPct: 50 })).toBe(false);
    expect(accepts({ size: 1, entryPrice: 10, pnl: 4, pnlPct: 40 })).toBe(true);
  });

  it('whose result is rounded to cents, or has the sign of another side, is told apart at any price', () => {
    const positive = fc.double({ min: 0.01, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        positive,
        fc.constantFrom('long', 'short'),
        (size, entryPrice, exitPrice, side) => {
          const trade = { symbol: 'X', side, size, entryPrice, exitPrice } as Trade;
          const pnl = pnlOfTrade(trade)!;
          expect(newTradeSchema.safeParse({ ...trade, pnl: Math.round(pnl * 100) / 100 }).success).toBe(true);
          // beyond the basis point of the entry value and the half cent
          const clear = Math.abs(pnl) > 0.01 * size * entryPrice + 1;
          if (clear) expect(newTradeSchema.safeParse({ ...trade, pnl: -pnl }).success).toBe(false);
        },
      ),
    );
  });
});
