import {
  type AgentRole,
  agentRoles,
  type Chain,
  chainAt,
  type DecisionType,
  decisionTypes,
  type PlannedDecision,
} from './agents.ts';
import { type Bar, DAY, HOUR } from './bars.ts';
import { caseOf, type ResolvedDecision } from './cases.ts';
import { judge } from './bets.ts';
import type { Delivery, ServiceClient } from './client.ts';
import { CYCLE_HOURS, type Period } from './market.ts';
import { type MadeDecision, withSequences } from './sequences.ts';

export type AgentNames = Readonly<Record<AgentRole, string>>;

/** What of the service the agents use. */
export type UsedService = Pick<
  ServiceClient,
  | 'putAgent'
  | 'subscribe'
  | 'logDecisions'
  | 'recordOutcomes'
  | 'publish'
  | 'peekInbox'
  | 'acknowledge'
  | 'consolidate'
>;

/** A decision the service has, and where in the bars it was made. */
interface Logged {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly barIndex: number;
  readonly planned: PlannedDecision;
  readonly signalTypes: ReadonlySet<string>;
}

export interface Totals {
  decisions: number;
  signals: number;
  acknowledgements: number;
  outcomes: number;
  consolidations: number;
}

/** A chain and how far the day has come with it. */
interface Work {
  readonly chain: Chain;
  readonly barIndex: number;
  readonly ids: Map<DecisionType, string>;
  /** The signal each role was told this by. */
  readonly toldBy: Map<AgentRole, string>;
}

const ALARM = 'VOLATILITY_ALERT';
const ALARM_MEMORY = 4 * HOUR;
/** An agent that is told something answers a moment later. */
const DELAY: Readonly<Record<AgentRole, number>> = {
  'market-hunter': 0,
  'risk-manager': 60_000,
  'trade-executor': 120_000,
};

/**
 * Lives through days of bars with the service. A day's decisions of one type go out as one batch, each with the time
 * of its own bar; each was planned from the bars up to that time and nothing else.
 */
export class Simulation {
  readonly totals: Totals = { decisions: 0, signals: 0, acknowledgements: 0, outcomes: 0, consolidations: 0 };
  readonly #resolved: ResolvedDecision[] = [];
  readonly #made = new Map<string, MadeDecision>();
  readonly #service: UsedService;
  readonly #names: AgentNames;
  readonly #period: Period;
  #pending: Logged[] = [];
  #alarms: number[] = [];

  constructor(service: UsedService, names: AgentNames, period: Period) {
    this.#service = service;
    this.#names = names;
    this.#period = period;
  }

  /** What has an outcome, with what it came after. */
  cases(): ResolvedDecision[] {
    return withSequences(this.#resolved, [...this.#made.values()]);
  }

  async register(): Promise<void> {
    for (const role of agentRoles) {
      const types = decisionTypes.filter((type) => ownerOf(type) === role);
      await this.#service.putAgent(this.#names[role], role, types);
    }
    for (const role of ['risk-manager', 'trade-executor'] as const)
      await this.#service.subscribe(this.#names[role], [ALARM]);
  }

  /** @param day 0 for the first */
  async live(day: number): Promise<void> {
    const midnight = this.#period.start + day * DAY;
    const work = this.#plan(midnight);
    await this.#log(work, 'SOURCE_SELECTION');
    await this.#log(work, 'QUERY_EXECUTION');
    await this.#log(work, 'SIGNAL_GENERATION');
    await this.#raiseAlarms(work);
    await this.#tell(work, 'SIGNAL_GENERATION', 'risk-manager', 'TRADE_SETUP');
    await this.#answerInbox(work, 'risk-manager', 'RISK_ASSESSMENT');
    await this.#tell(work, 'RISK_ASSESSMENT', 'trade-executor', 'TRADE_APPROVED');
    await this.#answerInbox(work, 'trade-executor', 'TRADE_EXECUTION');
    await this.#learnOutcomes(midnight + DAY);
  }

  /**
   * @param day whose closing midnight it is
   * @param agentIds `undefined` for all
   * @returns how many conjunctions were tested
   */
  async consolidate(day: number, agentIds: readonly (string | undefined)[]): Promise<number> {
    const asOf = new Date(this.#period.start + (day + 1) * DAY).toISOString();
    const runs = await Promise.all(agentIds.map((agentId) => this.#service.consolidate(asOf, agentId)));
    this.totals.consolidations += 1;
    return runs.reduce((sum, { report }) => sum + (report?.totals?.['tested'] ?? 0), 0);
  }

  #plan(midnight: number): Work[] {
    const { bars } = this.#period;
    return Array.from({ length: 24 / CYCLE_HOURS }, (_, i) => {
      const time = midnight + i * CYCLE_HOURS * HOUR;
      const barIndex = (time - bars[0]!.time) / HOUR;
      const known: readonly Bar[] = bars.slice(0, barIndex + 1);
      return { chain: chainAt(known), barIndex, ids: new Map(), toldBy: new Map() };
    });
  }

  /** Logs one type's decision of every chain that has one. */
  async #log(work: readonly Work[], decisionType: DecisionType): Promise<void> {
    const role = ownerOf(decisionType);
    const rows = work.flatMap((item) => {
      const planned = item.chain.decisions.find((decision) => decision.decisionType === decisionType);
      return planned ? [{ item, planned }] : [];
    });
    const before = decisionTypes[decisionTypes.indexOf(decisionType) - 1];
    const bodies = rows.map(({ item, planned: { role: _role, bet: _bet, ...decision } }) => ({
      ...decision,
      timestamp: this.#timeOf(item, role),
      ...(before && {
        parent: { agentId: this.#names[ownerOf(before)], decisionId: item.ids.get(before)! },
      }),
      ...(item.toldBy.has(role) && { triggeredBySignals: [item.toldBy.get(role)!] }),
    }));
    if (bodies.length === 0) return;
    const ids = await this.#service.logDecisions(this.#names[role], bodies);
    rows.forEach(({ item, planned }, i) => {
      item.ids.set(decisionType, ids[i]!);
      const { timestamp, parent } = bodies[i]!;
      const agentId = this.#names[role];
      const decisionId = ids[i]!;
      this.#made.set(decisionId, { agentId, decisionType, decisionId, timestamp, ...(parent && { parent }) });
      this.#pending.push({
        decisionId,
        timestamp,
        barIndex: item.barIndex,
        planned,
        signalTypes: this.#signalTypes(item, role, timestamp),
      });
    });
    this.totals.decisions += ids.length;
  }

  #timeOf({ chain }: Work, role: AgentRole): string {
    return new Date(Date.parse(chain.timestamp) + DELAY[role]).toISOString();
  }

  /** What the agent had been told of within four hours: what the service finds for itself. */
  #signalTypes(item: Work, role: AgentRole, timestamp: string): Set<string> {
    const time = Date.parse(timestamp);
    const alarmed = this.#alarms.some((alarm) => alarm <= time && alarm >= time - ALARM_MEMORY);
    const told = {
      'market-hunter': [],
      'risk-manager': ['TRADE_SETUP'],
      'trade-executor': ['TRADE_APPROVED'],
    };
    return new Set([
      ...(item.toldBy.has(role) ? told[role] : []),
      ...(role !== 'market-hunter' && alarmed ? [ALARM] : []),
    ]);
  }

  /** To everyone who subscribed. */
  async #raiseAlarms(work: readonly Work[]): Promise<void> {
    const alarms = work.filter(({ chain }) => chain.alarm);
    this.#alarms = [...this.#alarms, ...alarms.map(({ chain }) => Date.parse(chain.timestamp))].slice(-50);
    for (const { chain } of alarms)
      await this.#service.publish(this.#names['market-hunter'], {
        signalType: ALARM,
        severity: 'high',
        confidence: 0.9,
        timestamp: chain.timestamp,
        data: { volatility: 'high' },
      });
    this.totals.signals += alarms.length;
  }

  /** Tells one agent of each decision that calls for its own. */
  async #tell(
    work: readonly Work[],
    decisionType: DecisionType,
    target: AgentRole,
    signalType: string,
  ): Promise<void> {
    const source = ownerOf(decisionType);
    const next = decisionTypes[decisionTypes.indexOf(decisionType) + 1];
    const news = work.filter(({ chain }) =>
      chain.decisions.some((decision) => decision.decisionType === next),
    );
    await Promise.all(
      news.map((item) =>
        this.#service.publish(this.#names[source], {
          signalType,
          targetAgents: [this.#names[target]],
          severity: 'medium',
          confidence: 0.6,
          timestamp: this.#timeOf(item, source),
          data: { decisionId: item.ids.get(decisionType)! },
        }),
      ),
    );
    this.totals.signals += news.length;
  }

  /** Peeks, claims what calls for a decision, decides, and acknowledges with the decision it led to. */
  async #answerInbox(work: readonly Work[], role: AgentRole, decisionType: DecisionType): Promise<void> {
    const agentId = this.#names[role];
    const before = decisionTypes[decisionTypes.indexOf(decisionType) - 1]!;
    const claimed: { delivery: Delivery; item?: Work; leaseId?: string }[] = [];
    const inbox = await this.#service.peekInbox(agentId);
    await Promise.all(
      inbox.map(async (delivery) => {
        const item = work.find(({ ids }) => ids.get(before) === delivery.data['decisionId']);
        if (!item) {
          claimed.push({ delivery });
          return;
        }
        const claim = { status: 'PROCESSING' };
        const { leaseId } = await this.#service.acknowledge(agentId, delivery.signalId, claim);
        item.toldBy.set(role, delivery.signalId);
        claimed.push({ delivery, item, ...(leaseId !== undefined && { leaseId }) });
      }),
    );
    await this.#log(work, decisionType);
    await Promise.all(
      claimed.map(({ delivery, item, leaseId }) =>
        this.#service.acknowledge(agentId, delivery.signalId, {
          status: 'PROCESSED',
          ...(leaseId !== undefined && { leaseId }),
          ...(item && { decisionId: item.ids.get(decisionType)! }),
        }),
      ),
    );
    this.totals.acknowledgements += claimed.length;
  }

  /** Posts what the bars up to `now` have decided; the rest waits. */
  async #learnOutcomes(now: number): Promise<void> {
    const known = this.#period.bars.filter(({ time }) => time <= now);
    const judged = this.#pending.map((logged) => ({
      logged,
      outcome: judge(logged.planned.bet, known, logged.barIndex),
    }));
    this.#pending = judged.filter(({ outcome }) => !outcome).map(({ logged }) => logged);
    const rows = judged.flatMap(({ logged, outcome }) => (outcome ? [{ logged, outcome }] : []));
    await Promise.all(
      agentRoles.map((role) =>
        this.#service.recordOutcomes(
          this.#names[role],
          rows
            .filter(({ logged }) => logged.planned.role === role)
            .map(({ logged, outcome }) => ({ decisionId: logged.decisionId, ...outcome })),
        ),
      ),
    );
    this.totals.outcomes += rows.length;
    this.#resolved.push(...rows.map(({ logged, outcome }) => caseOf(logged, outcome.status === 'success')));
    for (const { logged, outcome } of rows)
      this.#made.set(logged.decisionId, { ...this.#made.get(logged.decisionId)!, outcome });
  }
}

export function ownerOf(decisionType: DecisionType): AgentRole {
  if (decisionType === 'RISK_ASSESSMENT') return 'risk-manager';
  return decisionType === 'TRADE_EXECUTION' ? 'trade-executor' : 'market-hunter';
}
