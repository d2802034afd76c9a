import { statementIdOf } from './lifecycle/statements.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { Contributor } from '../mining/vocabulary.ts';
import type { EvidenceDigest } from './pattern.ts';
import { offerVerdictPartition } from './offer-verdict-table.ts';
import { evidenceKey, fromEvidenceItem, fromItem, historyPartition, patternPartition } from './table.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';

/** Removes learned patterns for an erasure: all patterns of one agent, and its part in the patterns of others. */
export class PatternErasure {
  readonly #table: Table;
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#table = table;
    this.#rows = new RemovableRows(table, 'memory');
  }

  /** An agent's own patterns with their versions, evidence and statements, and its verdicts on patterns of others. */
  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for await (const rows of this.#rows.read(patternPartition(agentId)))
      for (const row of rows) {
        const pattern = fromItem(row);
        // The row goes last, because it says where the rest is.
        for (const id of new Set([pattern.patternId, statementIdOf(pattern)]))
          yield* this.#rows.ofPartition(historyPartition(agentId, id));
        yield this.#rows.removal([row]);
      }
    yield* this.#rows.ofPartition(offerVerdictPartition(agentId));
  }

  /** The verdicts of other agents on this one's patterns. */
  async *offerVerdictsOf(agentId: string, others: Iterable<string>): AsyncGenerator<Removal> {
    for (const other of others) yield* this.#rows.ofPartition(offerVerdictPartition(other), `${agentId}#`);
  }

  /**
   * Takes an agent out of the patterns of pools: its digests, and its part among the contributors. The counts stay until
   * the next night counts without it.
   */
  async *contributionsOf(agentId: string, pools: Iterable<string>): AsyncGenerator<Removal> {
    for (const pool of pools)
      for await (const rows of this.#rows.read(patternPartition(pool))) {
        yield* this.#withoutDigests(pool, rows, (digest) => digest.agentId === agentId);
        for (const row of rows) {
          yield* this.#withoutContributor(row, agentId);
          const history = historyPartition(pool, String(row[SORT_KEY]));
          for await (const versions of this.#rows.read(history))
            for (const version of versions) yield* this.#withoutContributor(version, agentId);
        }
      }
  }

  /** Takes decisions out of the evidence of patterns of these owners. */
  async *evidenceOf(decisionIds: ReadonlySet<string>, owners: Iterable<string>): AsyncGenerator<Removal> {
    if (decisionIds.size === 0) return;
    for (const owner of owners)
      for await (const rows of this.#rows.read(patternPartition(owner), '', []))
        yield* this.#withoutDigests(owner, rows, ({ decisionId }) => decisionIds.has(decisionId));
  }

  async *#withoutDigests(
    owner: string,
    patterns: readonly Item[],
    isErased: (digest: EvidenceDigest) => boolean,
  ): AsyncGenerator<Removal> {
    const keys = patterns.map((row) => evidenceKey(owner, String(row[SORT_KEY])));
    for (const row of await this.#table.getAll(keys)) {
      const digests = fromEvidenceItem(row);
      const left = digests.filter((digest) => !isErased(digest));
      if (left.length < digests.length) yield this.#rows.rewrite(row, { ...row, digests: left }, 'digests');
    }
  }

  *#withoutContributor(row: Item, agentId: string): Generator<Removal> {
    const contributors = (row['contributors'] ?? []) as readonly Contributor[];
    const left = contributors.filter((contributor) => contributor.agentId !== agentId);
    if (left.length < contributors.length)
      yield this.#rows.rewrite(row, { ...row, contributors: left }, 'contributors');
  }
}
