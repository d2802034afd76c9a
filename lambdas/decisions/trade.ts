import * as z from 'zod';
import { nameSchemas, timestampSchema } from '../shared/schema/fields.ts';

const price = z.number().positive();

const tradeFields = {
  symbol: z.string().min(1).max(64).meta({ example: 'BTC-USD' }),
  side: z.enum(['long', 'short', 'buy', 'sell']).meta({ description: '`buy` opens a long, `sell` a short.' }),
  size: price.optional().meta({ description: 'Units of what is traded.' }),
  entryPrice: price.optional().meta({ description: 'Quote currency for one unit.' }),
  entryTime: timestampSchema.optional(),
  exitPrice: price.optional(),
  exitTime: timestampSchema
    .optional()
    .meta({ description: 'Not before entryTime. A trade without exit and pnl is open.' }),
  fees: z.number().optional().meta({ description: 'Quote currency; below 0 is a rebate.' }),
  pnl: z
    .number()
    .optional()
    .meta({
      description:
        'Net of fees, quote currency. Where prices and size say what it is, within 1 % of the gross result, plus ' +
        '0.01 % of the entry value, plus 0.005.',
    }),
  pnlPct: z.number().optional().meta({
    description: 'pnl in percent of entryPrice × size, within 1 % of itself and 0.015 points.',
  }),
};

/** A trade as it is read: its size and prices, when it was closed, and what it earned. */
export const tradeSchema = z.object(tradeFields);
export type Trade = Readonly<z.output<typeof tradeSchema>>;

const directionOf = ({ side }: Trade): 1 | -1 => (side === 'long' || side === 'buy' ? 1 : -1);

/** The result of both prices and the size, with and without fees; undefined where one of them is not known. */
function netResult(trade: Trade): { readonly net: number; readonly gross: number } | undefined {
  const { size, entryPrice, exitPrice, fees = 0 } = trade;
  if (size === undefined || entryPrice === undefined || exitPrice === undefined) return undefined;
  const gross = (exitPrice - entryPrice) * size * directionOf(trade);
  return { net: gross - fees, gross };
}

/** Says whether the position is still held: no exit and no result is stated. */
export const isOpen = ({ exitPrice, exitTime, pnl, pnlPct }: Trade): boolean =>
  exitPrice === undefined && exitTime === undefined && pnl === undefined && pnlPct === undefined;

/** Net result in quote currency: as stated, else from the prices; undefined where neither is known. */
export const pnlOfTrade = (trade: Trade): number | undefined => trade.pnl ?? netResult(trade)?.net;

/** Prices are rounded to ticks, and results to cents. */
const RELATIVE_TOLERANCE = 0.01;
const ENTRY_VALUE_TOLERANCE = 0.0001;
const HALF_A_CENT = 0.005;
const POINTS_TOLERANCE = 0.015;

/** Contradictions within a trade, by field. */
export function tradeIssues(trade: Trade): { readonly field: keyof Trade; readonly message: string }[] {
  const { entryTime, exitTime, entryPrice, size, pnl, pnlPct } = trade;
  const issues: { field: keyof Trade; message: string }[] = [];
  if (entryTime !== undefined && exitTime !== undefined && exitTime < entryTime)
    issues.push({ field: 'exitTime', message: 'must not lie before entryTime' });
  const expected = netResult(trade);
  const entryValue = entryPrice === undefined || size === undefined ? undefined : entryPrice * size;
  if (pnl !== undefined && expected && entryValue !== undefined) {
    const tolerance =
      RELATIVE_TOLERANCE * Math.abs(expected.gross) + ENTRY_VALUE_TOLERANCE * entryValue + HALF_A_CENT;
    if (Math.abs(pnl - expected.net) > tolerance)
      issues.push({
        field: 'pnl',
        message: `must be within ${round(tolerance)} of ${round(expected.net)}: (exitPrice − entryPrice) × size for a ${trade.side}, less fees`,
      });
  }
  const result = pnl ?? expected?.net;
  if (pnlPct !== undefined && result !== undefined && entryValue !== undefined) {
    const percent = (100 * result) / entryValue;
    if (Math.abs(pnlPct - percent) > RELATIVE_TOLERANCE * Math.abs(percent) + POINTS_TOLERANCE)
      issues.push({
        field: 'pnlPct',
        message: `must be ${round(percent)}: pnl in percent of entryPrice × size`,
      });
  }
  return issues;
}

const round = (value: number): number => Number(value.toPrecision(6));

export const newTradeSchema = z.strictObject(tradeFields).superRefine((trade, context) => {
  for (const { field, message } of tradeIssues(trade))
    context.addIssue({ code: 'custom', path: [field], message });
});

const shortText = z.string().min(1).max(256);

/** The advice of one of several providers on a decision. */
export const adviceSchema = z.strictObject({
  provider: shortText,
  vote: shortText.optional().meta({
    description:
      '`for` (default), `against`, `abstain`, or the action it advised: the same as the decision’s is for it, ' +
      'another is against it.',
  }),
  confidence: z.number().min(0).max(1).optional(),
});

export const providersSchema = z
  .array(adviceSchema)
  .min(1)
  .max(50)
  .refine((all) => new Set(all.map(({ provider }) => provider)).size === all.length, {
    message: 'must name each provider once',
  });

nameSchemas({
  Trade: tradeSchema,
  NewTrade: newTradeSchema,
  ProviderAdvice: adviceSchema,
});
