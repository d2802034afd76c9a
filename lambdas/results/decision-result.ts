import type { Decision, Outcome } from '../decisions/decision.ts';
import { isOpen, pnlOfTrade } from '../decisions/trade.ts';

/** The result of a decision, and the headings under which it counts. */
export interface DecisionResult {
  readonly decisionId: string;
  readonly decisionType: string;
  readonly timestamp: string;
  readonly loggedAt: string;
  /** `open`: it has an outcome, but its trade is still held. */
  readonly kind: 'success' | 'failure' | 'voided' | 'open' | 'pending';
  /** Net, of the closed part. */
  readonly pnl?: number;
  /** UTC day it was closed on. */
  readonly closedOn?: string;
  readonly symbol?: string;
  readonly regime?: string;
  readonly followed: readonly string[];
  readonly opposed: readonly string[];
}

export const dayOf = (timestamp: string): string => timestamp.slice(0, 10);

/** Earnings of an outcome: the trade's own pnl, else the pnl of its prices, else `metrics.pnl`. */
export function pnlOf({ trade, metrics }: Outcome): number | undefined {
  return (trade && pnlOfTrade(trade)) ?? metrics?.['pnl'];
}

/** The result as the outcome is known now. */
export function resultOf(decision: Decision): DecisionResult {
  const { decisionId, decisionType, timestamp, loggedAt, outcome } = decision;
  const base = { decisionId, decisionType, timestamp, loggedAt };
  if (!outcome) return { ...base, kind: 'pending', followed: [], opposed: [] };
  const { status, trade, regime, occurredAt } = outcome;
  const pnl = pnlOf(outcome);
  const open = trade !== undefined && isOpen(trade) && pnl === undefined;
  const kind = status === 'voided' || !open ? status : 'open';
  const counts = kind === 'success' || kind === 'failure';
  return {
    ...base,
    kind,
    ...(counts && { closedOn: dayOf(trade?.exitTime ?? occurredAt) }),
    ...(counts && pnl !== undefined && { pnl }),
    ...(trade && { symbol: trade.symbol }),
    ...(regime !== undefined && { regime }),
    ...adviceOn(decision, outcome),
  };
}

/** Providers that were for the decision, and those against it. One without a vote was for it; some are neither. */
function adviceOn({ action }: Decision, { provider, providers = [] }: Outcome) {
  const followed = new Set(provider === undefined ? [] : [provider]);
  const opposed = new Set<string>();
  for (const { provider: name, vote = 'for' } of providers) {
    const said = vote.toLowerCase();
    followed.delete(name);
    if (said === 'for' || said === action?.toLowerCase()) followed.add(name);
    else if (said === 'against' || (said !== 'abstain' && action !== undefined)) opposed.add(name);
  }
  return { followed: [...followed], opposed: [...opposed] };
}
