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
 * Share of all budgets that waiting signals may take ahead of the immediate part, out of its budget: a long conversation
 * must not crowd out a critical signal. Beyond that share, signals come last and take what is left.
 */
export const SIGNALS_SHARE = 0.1;

/** One record as it would be shown. `head` names its source and is never cut; `body` is stored text. */
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
  /** The budget it takes for all of it to get in, counted line by line. */
  readonly needs: number;
  readonly placed: readonly Placed<Of>[];
}

/** A record cut to fewer tokens is not worth showing. */
const LEAST_WORTH_SHOWING = 24;

/** How the entries of one block are made to fit. */
export interface Fitting {
  /** Most tokens of one entry, unless it is the only one. @default all that are left */
  readonly maxPerEntry?: number;
  /** An entry gets in whole or not at all, for text whose meaning a cut would change. @default false */
  readonly whole?: boolean;
}

export const EMPTY: Block<never> = { text: '', tokens: 0, needs: 0, placed: [] };

/**
 * Fills one block with the entries that fit, in their order. Each stands on lines of its own, between an opening and a
 * closing tag that count too. An entry that does not fit is cut if it is the first, or if enough of the budget is left.
 * Else it is skipped, and a shorter one after it can still get in.
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
  // One token for each line end; the estimate adds up over lines.
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
