import { overallEffect } from '../mining/judging/memory-effect.ts';
import type { RunLedger } from '../consolidation/run-ledger.ts';
import { WINDOW_DAYS, windowAt } from '../cases/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';
import type { Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { type Clock, DAY_MS } from '../shared/platform/clock.ts';
import type { AgentReport, ComparedRate, OpenDecision } from './contract.ts';
import { type DecisionReader, ReadBudget } from './decision-reader.ts';
import type { EmergingPatterns } from './emerging-patterns.ts';
import { UseCollector } from './memory-effects.ts';
import { patternEvents } from './pattern-events.ts';
import { type Period, type PeriodKind, periodOf } from './period.ts';
import { differenceOf, RateTally } from './rate.ts';

const MAX_OLDEST = 10;
const MAX_EMERGING = 5;

class RateComparison {
  readonly #current = new RateTally();
  readonly #previous = new RateTally();

  add(decision: Decision, { current, previous }: Period): void {
    // Each period is taken as known at its own end. Otherwise the newer one would have fewer outcomes.
    if (decision.timestamp >= current.from) this.#current.add(decision, current.to);
    else if (decision.timestamp >= previous.from && decision.timestamp <= previous.to)
      this.#previous.add(decision, previous.to);
  }

  rates(): ComparedRate {
    const current = this.#current.rate();
    const previous = this.#previous.rate();
    return { current, previous, change: differenceOf(current, previous) };
  }
}

export interface AgentReportsParts {
  readonly reader: DecisionReader;
  readonly store: PatternStore;
  readonly emerging: EmergingPatterns;
  readonly ledger: RunLedger;
  readonly clock: Clock;
}

/**
 * Reports on a day or a week of an agent, as it was known at the period's end. The report on a past period is always the
 * same, as long as its decisions are kept and no outcome is corrected.
 */
export class AgentReports {
  readonly #reader: DecisionReader;
  readonly #store: PatternStore;
  readonly #emerging: EmergingPatterns;
  readonly #ledger: RunLedger;
  readonly #clock: Clock;

  constructor({ reader, store, emerging, ledger, clock }: AgentReportsParts) {
    this.#reader = reader;
    this.#store = store;
    this.#emerging = emerging;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** @throws ValidationFailedError in the future, or when the two periods alone hold too many decisions */
  async report(agentId: string, kind: PeriodKind, date?: string): Promise<AgentReport> {
    const { kind: _kind, ...period } = periodOf(kind, date, this.#clock());
    const patterns = await this.#store.ofAgent(agentId);
    const [read, events, lastRun] = await Promise.all([
      this.#read(agentId, { ...period, kind }, patterns),
      patternEvents(this.#store, patterns, period.current),
      this.#ledger.lastRuns([agentId]),
    ]);
    const asOf = lastRun.get(agentId)?.asOf;
    const isLatest = asOf !== undefined && asOf >= period.current.from && asOf <= period.current.to;
    return {
      agentId,
      period: kind,
      ...period,
      ...read,
      patterns: events,
      emerging: isLatest ? (await this.#emerging.list(agentId, { maxResults: MAX_EMERGING })).items : null,
    };
  }

  async #read(agentId: string, period: Period, patterns: readonly Pattern[]) {
    const { current, previous } = period;
    const window = windowAt(current.to, WINDOW_DAYS);
    const overdue = new Date(Date.parse(current.to) - DAY_MS).toISOString();
    const seen = await this.#reader.cases.seenIn(agentId, window);
    const decisionTypes = await this.#reader.types(agentId);
    const totals = new RateComparison();
    const types = [];
    const collectors: UseCollector[] = [];
    const open: OpenDecision[] = [];
    let truncated = false;
    for (const decisionType of decisionTypes) {
      // The budget is shared out beforehand, so that one busy type does not leave the others unread.
      const budget = new ReadBudget(Math.floor(this.#reader.maxDecisions / decisionTypes.length));
      const ofType = new RateComparison();
      const used = new UseCollector(agentId, decisionType, patterns, this.#reader.cases, seen, window);
      collectors.push(used);
      for await (const decision of this.#reader.decisions(agentId, decisionType, window)) {
        if (!budget.take()) {
          if (decision.timestamp >= previous.from)
            throw ValidationFailedError.at(
              'period',
              `and the one before hold more than ${budget.limit} ${decisionType} decisions`,
            );
          truncated = true;
          break;
        }
        totals.add(decision, period);
        ofType.add(decision, period);
        used.add(decision);
        const { decisionId, timestamp, outcome } = decision;
        if (timestamp < overdue && !(outcome && outcome.occurredAt <= current.to))
          open.push({ decisionId, decisionType, timestamp });
      }
      types.push({ decisionType, ...ofType.rates() });
    }
    return {
      totals: totals.rates(),
      types,
      open: { n: open.length, oldest: open.sort(byTime).slice(0, MAX_OLDEST) },
      memory: overallEffect(collectors),
      truncated,
    };
  }
}

const byTime = (a: OpenDecision, b: OpenDecision): number =>
  `${a.timestamp}#${a.decisionId}` < `${b.timestamp}#${b.decisionId}` ? -1 : 1;
