import { anyOf, changes, isVacant, says } from '../shared/dynamodb/expressions.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { ConflictError, NotFoundError, UnavailableError } from '../shared/errors.ts';
import { MINUTE_MS, toTtl } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Decision } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import { DECISION_RETENTION_MS } from './table.ts';

/**
 * In `agent_state`: `traces:{agentId}` / `{spanId}`: the decision that was logged with that span. In a partition of its
 * own, because an agent that traces everything writes as many of these as decisions.
 */
const tracePartition = (agentId: string): string => `traces:${agentId}`;

const traceKey = (agentId: string, spanId: string) => ({
  [PARTITION_KEY]: tracePartition(agentId),
  [SORT_KEY]: spanId,
});

/** After it no request is still on its way from its row here to its decision. */
const ABANDONED_MS = MINUTE_MS;

type Traced = Pick<Decision, 'agentId' | 'decisionId' | 'loggedAt' | 'trace'>;

/**
 * Finds decisions by their span. A row is written before its decision, and means nothing until that decision exists
 * and says the same span: so a write that was refused or cut short in between has left nothing that anyone can see.
 */
export class DecisionTraces {
  readonly #table: Table;
  readonly #log: DecisionLog;
  /** Last write of each span under way in this instance: of two rows of a batch the first then is the one it names. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** @param table `agent_state` */
  constructor(table: Table, log: DecisionLog) {
    this.#table = table;
    this.#log = log;
  }

  /** Runs the write of a decision after those with the same span that began earlier in this instance. */
  async inTurn<Answer>({ agentId, trace }: Traced, write: () => Promise<Answer>): Promise<Answer> {
    if (!trace) return write();
    const name = `${agentId}#${trace.spanId}`;
    const before = this.#underWay.get(name);
    const mine = before ? before.then(write, write) : write();
    this.#underWay.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(name) === mine) this.#underWay.delete(name);
    }
  }

  /**
   * Lets the span of a decision name it. Call before the decision is put. 1 WRU with a trace, nothing without one.
   *
   * @throws ConflictError when its span names another decision: an outcome must never reach the wrong one
   * @throws UnavailableError when another write with this span has begun and is not over
   */
  async claim({ agentId, decisionId, loggedAt, trace }: Traced): Promise<void> {
    if (!trace) return;
    const { spanId } = trace;
    const now = this.#table.clock();
    const claim = (unless: Item | undefined) =>
      this.#table.update(
        traceKey(agentId, spanId),
        changes({
          set: {
            decisionId,
            claimedAt: now.toISOString(),
            ttl: toTtl(Date.parse(loggedAt) + DECISION_RETENTION_MS),
          },
        }),
        {
          condition: anyOf(
            isVacant(now),
            says(
              unless ? { decisionId: unless['decisionId'], claimedAt: unless['claimedAt'] } : { decisionId },
            ),
          ),
        },
      );
    const { failed } = await claim(undefined);
    if (!failed) return;
    const holder = failed.item ?? {};
    const held = String(holder['decisionId']);
    const found = await this.#log.find({ agentId, decisionId: held });
    if (found?.trace?.spanId === spanId)
      throw new ConflictError(`The span ${spanId} names the decision ${held} already`);
    const age = now.getTime() - Date.parse(String(holder['claimedAt']));
    // A decision that exists without this span was refused it: nothing will come of that row any more.
    if (found || age > ABANDONED_MS) {
      const taken = await claim(holder);
      if (!taken.failed) return;
    }
    throw new UnavailableError(`Another write with the span ${spanId} is under way; retry`);
  }

  /** Strongly consistent, 2 reads. @throws NotFoundError when no decision of the agent has this span */
  async find(agentId: string, spanId: string): Promise<Decision> {
    const [row] = await this.#table.getAll([traceKey(agentId, spanId)]);
    const decision = row && (await this.#log.find({ agentId, decisionId: String(row['decisionId']) }));
    if (decision?.trace?.spanId !== spanId)
      throw new NotFoundError(`Agent ${agentId} has no decision with the span ${spanId}`);
    return decision;
  }
}

/** Removes the rows by which decisions are found. */
export class TraceErasure {
  readonly #table: Table;
  readonly #rows: RemovableRows;

  /** @param table `agent_state` */
  constructor(table: Table) {
    this.#table = table;
    this.#rows = new RemovableRows(table, 'state');
  }

  ofAgent(agentId: string): AsyncGenerator<Removal> {
    return this.#rows.ofPartition(tracePartition(agentId));
  }

  /** @param decisions that are about to be removed, at most 100 */
  async *ofDecisions(
    agentId: string,
    decisions: readonly { readonly decisionId: string; readonly spanId: string }[],
  ): AsyncGenerator<Removal> {
    // Several decisions may say one span, and its row names one of them.
    const spans = new Set(decisions.map(({ spanId }) => spanId));
    const ids = new Set<unknown>(decisions.map(({ decisionId }) => decisionId));
    const keys = [...spans].map((spanId) => traceKey(agentId, spanId));
    const rows = await this.#table.getAll(keys, { keepExpired: true });
    const theirs = rows.filter((row) => ids.has(row['decisionId']));
    if (theirs.length > 0) yield this.#rows.removal(theirs);
  }
}
