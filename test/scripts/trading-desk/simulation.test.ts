import { describe, expect, it } from '@jest/globals';
import type { Delivery, NewDecision } from '../../../scripts/examples/trading-desk/client.ts';
import { DAY } from '../../../scripts/examples/trading-desk/bars.ts';
import { inventMarket, type Period } from '../../../scripts/examples/trading-desk/market.ts';
import { Simulation, type UsedService } from '../../../scripts/examples/trading-desk/simulation.ts';

/** Remembers what it was sent and answers like the service. */
class Recorder implements UsedService {
  readonly sent: unknown[] = [];
  readonly decisions: (NewDecision & { readonly agentId: string; readonly decisionId: string })[] = [];
  readonly outcomes: { readonly decisionId: string; readonly occurredAt: string }[] = [];
  readonly inboxes = new Map<string, Delivery[]>();
  readonly #subscribers: string[] = [];
  readonly #final = new Set<string>();

  async putAgent(...args: unknown[]) {
    this.sent.push(['agent', ...args]);
  }
  async subscribe(agentId: string) {
    this.#subscribers.push(agentId);
  }
  async logDecisions(agentId: string, decisions: readonly NewDecision[]) {
    this.sent.push(['decisions', agentId, decisions]);
    return decisions.map((decision) => {
      const decisionId = `${decision.decisionType}-${this.decisions.length}`;
      this.decisions.push({ ...decision, agentId, decisionId });
      return decisionId;
    });
  }
  async recordOutcomes(
    agentId: string,
    outcomes: readonly { readonly decisionId: string; readonly occurredAt: string }[],
  ) {
    this.sent.push(['outcomes', agentId, outcomes]);
    this.outcomes.push(...outcomes);
  }
  async publish(agentId: string, signal: Readonly<Record<string, unknown>>) {
    this.sent.push(['signal', agentId, signal]);
    const signalId = `${String(signal['signalType'])}-${this.sent.length}`;
    for (const target of (signal['targetAgents'] as string[] | undefined) ?? this.#subscribers)
      this.inboxes.set(target, [...(this.inboxes.get(target) ?? []), { ...signal, signalId } as never]);
    return signalId;
  }
  async peekInbox(agentId: string) {
    return (this.inboxes.get(agentId) ?? []).filter(({ signalId }) => !this.#final.has(agentId + signalId));
  }
  async acknowledge(agentId: string, signalId: string, ack: Readonly<Record<string, unknown>>) {
    this.sent.push(['ack', agentId, signalId, ack]);
    if (ack['status'] === 'PROCESSING') return { leaseId: `lease-${signalId}` };
    this.#final.add(agentId + signalId);
    return {};
  }
  async consolidate(asOf: string) {
    this.sent.push(['consolidation', asOf]);
    return { runId: 'RUN-1', status: 'SUCCEEDED' as const, report: { totals: { tested: 7 } } };
  }
}

const names = {
  'market-hunter': 'market-hunter',
  'risk-manager': 'risk-manager',
  'trade-executor': 'trade-executor',
} as const;

async function live(period: Period, days: number): Promise<{ service: Recorder; simulation: Simulation }> {
  const service = new Recorder();
  const simulation = new Simulation(service, names, period);
  await simulation.register();
  for (let day = 0; day < days; day++) await simulation.live(day);
  return { service, simulation };
}

describe('three agents that live through bars', () => {
  const period = inventMarket(6, 5);

  it('sends the same requests whatever the days after bring', async () => {
    const midnight = period.start + 2 * DAY;
    const bars = period.bars.map((bar) =>
      bar.time <= midnight ? bar : { ...bar, close: 1, low: 1, volume: 9 },
    );
    const [one, other] = await Promise.all([live(period, 2), live({ ...period, bars }, 2)]);
    expect(other.service.sent).toEqual(one.service.sent);
  });

  it('decides at least 24 times a day, each chain linked through its agents', async () => {
    const { service, simulation } = await live(period, 6);
    expect(simulation.totals.decisions).toBeGreaterThanOrEqual(6 * 24);
    const byId = new Map(service.decisions.map((decision) => [decision.decisionId, decision]));
    const before = new Map([
      ['QUERY_EXECUTION', 'SOURCE_SELECTION'],
      ['SIGNAL_GENERATION', 'QUERY_EXECUTION'],
      ['RISK_ASSESSMENT', 'SIGNAL_GENERATION'],
      ['TRADE_EXECUTION', 'RISK_ASSESSMENT'],
    ]);
    for (const { decisionType, parent, timestamp, triggeredBySignals } of service.decisions) {
      const found = parent && byId.get(parent.decisionId);
      expect(found?.decisionType).toBe(before.get(decisionType));
      expect(found?.agentId).toBe(parent?.agentId);
      if (found) expect(Date.parse(timestamp) - Date.parse(found.timestamp)).toBeLessThanOrEqual(120_000);
      const told = ['RISK_ASSESSMENT', 'TRADE_EXECUTION'].includes(decisionType);
      expect(triggeredBySignals?.length ?? 0).toBe(told ? 1 : 0);
    }
    expect(new Set(service.decisions.map(({ decisionType }) => decisionType)).size).toBe(5);
  });

  it('answers every signal, and learns each outcome once and after the decision', async () => {
    const { service, simulation } = await live(period, 6);
    expect(await service.peekInbox('risk-manager')).toEqual([]);
    expect(await service.peekInbox('trade-executor')).toEqual([]);
    const { decisions, outcomes, acknowledgements, signals } = simulation.totals;
    expect(signals).toBeGreaterThan(0);
    expect(acknowledgements).toBeGreaterThanOrEqual(signals);
    // The last look at a day ends with it, so nothing is left open at midnight.
    expect(outcomes).toBe(decisions);
    const made = new Map(service.decisions.map(({ decisionId, timestamp }) => [decisionId, timestamp]));
    expect(new Set(service.outcomes.map(({ decisionId }) => decisionId)).size).toBe(outcomes);
    for (const { decisionId, occurredAt } of service.outcomes)
      expect(occurredAt > made.get(decisionId)!).toBe(true);
  });

  it('knows of each case what it came after, with the outcomes that were known by then', async () => {
    const { service, simulation } = await live(period, 6);
    const outcomes = new Map(service.outcomes.map((outcome) => [outcome.decisionId, outcome.occurredAt]));
    const known = (agentId: string, decisionType: string, before: number) =>
      service.decisions.some((decision) => {
        const age = before - Date.parse(decision.timestamp);
        return (
          decision.agentId === agentId &&
          decision.decisionType === decisionType &&
          age > 0 &&
          age <= DAY &&
          Date.parse(outcomes.get(decision.decisionId)!) <= before
        );
      });
    const cases = simulation.cases().filter(({ decisionType }) => decisionType === 'RISK_ASSESSMENT');
    expect(cases.length).toBeGreaterThan(20);
    for (const { time, features } of cases) {
      const paths = [...features.keys()].filter((path) => path.startsWith('after.'));
      for (const path of paths)
        expect(path).toMatch(/^after\.(market-hunter\.[A-Z_]+|RISK_ASSESSMENT)\.\w+$/);
      const told = (prefix: string) =>
        [`${prefix}.success`, `${prefix}.failure`].some((path) => features.has(path));
      expect(told('after.RISK_ASSESSMENT')).toBe(known('risk-manager', 'RISK_ASSESSMENT', time));
      expect(told('after.market-hunter.SIGNAL_GENERATION')).toBe(
        known('market-hunter', 'SIGNAL_GENERATION', time),
      );
    }
  });

  it('consolidates as of the midnight that ends the day', async () => {
    const { service, simulation } = await live(period, 1);
    expect(await simulation.consolidate(0, [undefined])).toBe(7);
    expect(service.sent.at(-1)).toEqual(['consolidation', new Date(period.start + DAY).toISOString()]);
  });
});
