import { hasVersion, isAbsent, says } from '../shared/dynamodb/expressions.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { ConflictError } from '../shared/errors.ts';
import { type EvidenceDigest, type Pattern, type PatternVersion, versionOf } from './pattern.ts';
import {
  confidenceIndex,
  evidenceKey,
  fromEvidenceItem,
  fromItem,
  fromVersionItem,
  historyPartition,
  patternKey,
  patternPartition,
  statementKey,
  toEvidenceItem,
  toItem,
  toVersionItem,
  VERSION_PREFIX,
  versionKey,
} from './table.ts';

/** The end of a page in a list by confidence. */
export interface ConfidencePosition {
  readonly confidence: number;
  readonly patternId: string;
}

/** Rows of the confidence index read at a time. */
const INDEX_PAGE = 100;

/**
 * An agent's patterns. Every write is conditional on the version that was read, and writes the whole row. So a run that
 * was killed anywhere is simply run again: a row that is there already is written once more or not at all.
 */
export class PatternStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Every pattern of the agent, in any status, strongly consistent. */
  async ofAgent(agentId: string): Promise<Pattern[]> {
    return (await this.#table.queryAll({ partition: patternPartition(agentId) })).map(fromItem);
  }

  async get(agentId: string, patternId: string): Promise<Pattern | undefined> {
    const item = await this.#table.get(patternKey(agentId, patternId));
    return item && fromItem(item);
  }

  /** The patterns that exist among these, in no particular order, strongly consistent. */
  async getMany(patterns: readonly Pick<Pattern, 'agentId' | 'patternId'>[]): Promise<Pattern[]> {
    const keys = patterns.map(({ agentId, patternId }) => patternKey(agentId, patternId));
    return (await this.#table.getAll(keys)).map(fromItem);
  }

  /** One page of the confidence index, best first; eventually consistent. */
  async byConfidence(
    agentId: string,
    minConfidence: number,
    after?: ConfidencePosition,
  ): Promise<{ readonly patterns: readonly Pattern[]; readonly last: boolean }> {
    const { items, last } = await this.#table.query({
      index: confidenceIndex,
      partition: patternPartition(agentId),
      sort: { from: minConfidence },
      descending: true,
      limit: INDEX_PAGE,
      ...(after && {
        start: { ...patternKey(agentId, after.patternId), confidence: after.confidence },
      }),
    });
    return { patterns: items.map(fromItem), last: last === undefined };
  }

  /** The newest versions, newest first, at most `limit`. */
  async versions(agentId: string, patternId: string, limit: number): Promise<PatternVersion[]> {
    const { items } = await this.#table.query({
      partition: historyPartition(agentId, patternId),
      sort: { prefix: VERSION_PREFIX },
      descending: true,
      limit,
    });
    return items.map(fromVersionItem);
  }

  /** The stored digests of the decisions behind a pattern, newest first. */
  async digests(agentId: string, patternId: string): Promise<readonly EvidenceDigest[]> {
    const item = await this.#table.get(evidenceKey(agentId, patternId));
    return item ? fromEvidenceItem(item) : [];
  }

  async saveDigests(agentId: string, patternId: string, digests: readonly EvidenceDigest[]): Promise<void> {
    await this.#table.put(toEvidenceItem(agentId, patternId, digests));
  }

  /**
   * Replaces `before`; without it the pattern is new. A new version and its history row are one transaction.
   * @throws ConflictError when the pattern was changed in between
   */
  async save(after: Pattern, before?: Pattern): Promise<void> {
    const { agentId, patternId } = after;
    const { actions } = this.#table;
    const failed =
      after.version === before?.version
        ? await this.#table.putIfVersion(toItem(after), before.version)
        : await this.#table.transact([
            actions.put(toItem(after), hasVersion(before?.version)),
            actions.put(toVersionItem(agentId, patternId, versionOf(after))),
          ]);
    if (failed) throw new ConflictError(`Pattern ${patternId} was changed by somebody else`);
  }

  /**
   * Replaces a pattern by a new version on its author's behalf, while nights may renew its numbers without one.
   * @returns false when the pattern was changed in between
   */
  async restate(after: Pattern, before: Pattern): Promise<boolean> {
    const { agentId, patternId } = after;
    const { version, asOf } = before;
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.put(toItem(after), says({ version, asOf })),
      actions.put(toVersionItem(agentId, patternId, versionOf(after))),
    ]);
    return !failed;
  }

  /**
   * Stores a new stated pattern with its first version, unless its id or its statement is taken.
   * @returns the id that has it already; undefined when the pattern was stored
   */
  async state(pattern: Pattern, statementId: string): Promise<string | undefined> {
    const { agentId, patternId } = pattern;
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.put(toItem(pattern), isAbsent),
      actions.put({ ...statementKey(agentId, statementId), patternId }, isAbsent),
      actions.put(toVersionItem(agentId, patternId, versionOf(pattern))),
    ]);
    if (!failed) return undefined;
    return failed[0] ? patternId : String(failed[1]?.item?.['patternId']);
  }

  /** Deletes a candidate with its history. Its row goes last, so that a deletion cut short is found again. */
  async drop({ agentId, patternId, version }: Pattern): Promise<void> {
    await this.#table.deleteAll(
      Array.from({ length: version }, (_, i) => versionKey(agentId, patternId, i + 1)),
    );
    await this.#table.delete(patternKey(agentId, patternId));
  }
}
