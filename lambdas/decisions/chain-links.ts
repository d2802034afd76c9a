import type { Table } from '../shared/dynamodb/table.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import type { DecisionReference } from './decision.ts';
import { type DecisionLog, nameOf } from './decision-log.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { chainKey, decisionIndexes } from './table.ts';

export const MAX_CHAIN_DEPTH = 20;
export const MAX_CHAIN_DECISIONS = 200;

/** Place of a decision that has a parent. */
export interface ChainLink {
  readonly root: DecisionReference;
  readonly depth: number;
}

/** Links a new decision to its parent. A parent must exist before its child, so there are no cycles. */
export class ChainLinks {
  readonly #table: Table;
  readonly #log: DecisionLog;

  constructor(table: Table, log: DecisionLog) {
    this.#table = table;
    this.#log = log;
  }

  /** @throws ValidationFailedError when the parent does not exist, or its chain is full */
  async below(parent: DecisionReference, child: DecisionReference): Promise<ChainLink> {
    const found = nameOf(parent) === nameOf(child) ? undefined : await this.#log.find(parent);
    if (!found) throw ValidationFailedError.at('parent.decisionId', 'is no decision of that agent');
    if (found.depth >= MAX_CHAIN_DEPTH)
      throw ValidationFailedError.at(
        'parent.decisionId',
        `is ${MAX_CHAIN_DEPTH} deep, the most a chain may be`,
      );
    const root = found.root ?? { agentId: found.agentId, decisionId: found.decisionId };
    // The index lags, so writers at the same moment can pass the limit by a few. Reading a chain cuts it.
    const { items } = await this.#table.query({
      partition: chainKey(root),
      index: decisionIndexes.chain,
      attributes: [SORT_KEY],
      limit: MAX_CHAIN_DECISIONS - 1,
    });
    if (items.length >= MAX_CHAIN_DECISIONS - 1)
      throw ValidationFailedError.at(
        'parent.decisionId',
        `belongs to a chain of ${MAX_CHAIN_DECISIONS} decisions, the most one may have`,
      );
    return { root, depth: found.depth + 1 };
  }
}
