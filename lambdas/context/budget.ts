import { cutToFit } from './stored-text.ts';
import type { Estimate } from './token-estimate.ts';

/** Tokens a part may take, by part. */
export interface Budgets {
  readonly immediate: number;
  readonly relevant: number;
  readonly insights: number;
}

export const DEFAULT_BUDGETS: Budgets = { immediate: 2_000, relevant: 500, insights: 200 };

/**
 * Share of all budgets that waiting signals may take ahead of the immediate part, out of whose budget it comes: a
 * critical signal must not be crowded out by a long conversation. They come last otherwise, with what is left.
 */
export const SIGNALS_SHARE = 0.1;

/** One record as it would be shown: `head` names its source and is never cut, `body` is stored text. */
export interface Entry<Of> {
  readonly of: Of;
  readonly head: string;
  readonly body: string;
}

export interface Placed<Of> {
  readonly of: Of;
  /** As shown. */
  readonly body: string;
  readonly cut: boolean;
}

export interface Block<Of> {
  /** Empty when nothing got in. */
  readonly text: string;
  readonly tokens: number;
  /** The budget it takes for all of it to get in: its lines counted one by one. */
  readonly needs: number;
  readonly placed: readonly Placed<Of>[];
}

/** What is left of a record is not worth showing below this. */
const LEAST_WORTH_SHOWING = 24;

/** How the entries of one block are made to fit. */
export interface Fitting {
  /** Tokens one entry takes at most, unless it is alone. @default as many as there are */
  readonly maxPerEntry?: number;
  /** For text that says something else when it is cut: all of an entry gets in, or nothing of it. @default false */
  readonly whole?: boolean;
}

export const EMPTY: Block<never> = { text: '', tokens: 0, needs: 0, placed: [] };

/**
 * Fills one block with the entries that fit, in their order, each on lines of its own between an opening and a closing
 * tag; what both take counts. An entry that does not fit is cut when it is the first, or when enough of the budget is
 * left; else it is passed over, and a shorter one after it can still get in.
 */
export function fillBlock<Of>(
  name: string,
  label: string,
  entries: readonly Entry<Of>[],
  budget: number,
  estimate: Estimate,
  { maxPerEntry = Infinity, whole: onlyWhole = false }: Fitting = {},
): Block<Of> {
  const open = `<${name}${label}>`;
  const close = `</${name}>`;
  // One for each line end; the estimate adds up over lines.
  const costOf = (text: string): number => estimate(text) + 1;
  let left = budget - costOf(open) - costOf(close);
  const shown: string[] = [];
  const placed: Placed<Of>[] = [];
  for (const { of, head, body } of entries) {
    const headCost = costOf(head) + 1;
    const room = Math.min(left, entries.length === 1 ? Infinity : maxPerEntry) - headCost;
    const whole = estimate(body) <= room;
    if (!whole && room < LEAST_WORTH_SHOWING && placed.length > 0) continue;
    const fitted = onlyWhole && !whole ? undefined : cutToFit(body, room, estimate);
    if (!fitted) continue;
    const line = `${head} ${fitted.text}`;
    const cost = costOf(line);
    if (cost > left) continue;
    left -= cost;
    shown.push(line);
    placed.push({ of, body: fitted.text, cut: fitted.cut });
  }
  if (placed.length === 0) return EMPTY;
  const text = [open, ...shown, close].join('\n');
  return { text, tokens: estimate(text), needs: budget - left, placed };
}
