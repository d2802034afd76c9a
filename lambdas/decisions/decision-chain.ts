import type { Table } from '../shared/dynamodb/table.ts';
import { MAX_CHAIN_DECISIONS } from './chain-links.ts';
import type { DecisionOverview, DecisionReference } from './decision.ts';
import { type DecisionLog, nameOf } from './decision-log.ts';
import { chainKey, decisionIndexes, identityOf } from './table.ts';

export interface Chain {
  readonly decisionId: string;
  readonly root: DecisionReference;
  /** In pre-order: a decision follows its parent, siblings stand in the order of their times. */
  readonly items: DecisionOverview[];
  readonly truncated: boolean;
  readonly consistency: 'eventual';
}

/** The tree of decisions that followed from one, across agents. */
export class DecisionChain {
  readonly #table: Table;
  readonly #log: DecisionLog;

  constructor(table: Table, log: DecisionLog) {
    this.#table = table;
    this.#log = log;
  }

  /**
   * Other agents' decisions are shown with agent, id, type, time, status and place only.
   *
   * @throws NotFoundError when the agent has no such decision
   */
  async get(agentId: string, decisionId: string): Promise<Chain> {
    const self = await this.#log.get(agentId, decisionId);
    const reference = { agentId, decisionId };
    const root = self.root ?? reference;
    const { members, truncated } = await this.#members(root, reference);
    const overviews = await this.#log.overviews(members);
    return {
      decisionId,
      root,
      items: inTreeOrder(overviews).map((decision) => visibleTo(agentId, decision)),
      truncated,
      consistency: 'eventual',
    };
  }

  /** The root (it has no chain key), the oldest that followed it, and the decision asked for even if the index lags. */
  async #members(
    root: DecisionReference,
    self: DecisionReference,
  ): Promise<{ members: DecisionReference[]; truncated: boolean }> {
    const { items } = await this.#table.query({
      partition: chainKey(root),
      index: decisionIndexes.chain,
      limit: MAX_CHAIN_DECISIONS,
    });
    const all = new Map<string, DecisionReference>();
    for (const { agentId, decisionId } of [root, self, ...items.map(identityOf)])
      all.set(nameOf({ agentId, decisionId }), { agentId, decisionId });
    return {
      members: [...all.values()].slice(0, MAX_CHAIN_DECISIONS),
      truncated: all.size > MAX_CHAIN_DECISIONS,
    };
  }
}

/** A decision whose parent is not among them (it has expired, or was cut off) starts a tree of its own. */
export function inTreeOrder(decisions: readonly DecisionOverview[]): DecisionOverview[] {
  const present = new Set(decisions.map(nameOf));
  const children = new Map<string | undefined, DecisionOverview[]>();
  for (const decision of [...decisions].sort(byTime)) {
    const parent = decision.parent && nameOf(decision.parent);
    const place = parent !== undefined && present.has(parent) ? parent : undefined;
    children.set(place, [...(children.get(place) ?? []), decision]);
  }
  const ordered: DecisionOverview[] = [];
  const pending = [...(children.get(undefined) ?? [])].reverse();
  for (let next = pending.pop(); next; next = pending.pop()) {
    ordered.push(next);
    pending.push(...[...(children.get(nameOf(next)) ?? [])].reverse());
  }
  return ordered;
}

function byTime(a: DecisionOverview, b: DecisionOverview): number {
  const [left, right] = [`${a.timestamp}#${nameOf(a)}`, `${b.timestamp}#${nameOf(b)}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

function visibleTo(viewer: string, decision: DecisionOverview): DecisionOverview {
  if (decision.agentId === viewer) return decision;
  const { agentId, decisionId, decisionType, timestamp, status, depth } = decision;
  return { agentId, decisionId, decisionType, timestamp, status, depth };
}
