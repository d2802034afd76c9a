import {
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { failedCondition, failedTransaction } from '../shared/dynamodb/conditions.ts';
import { queryPartition } from '../shared/dynamodb/query-all.ts';
import { ConflictError } from '../shared/errors.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
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
import type { Table } from '../shared/dynamodb/table.ts';

/** Where a page of a list by confidence ended. */
export interface ConfidencePosition {
  readonly confidence: number;
  readonly patternId: string;
}

/** Rows of the confidence index read at a time. */
const INDEX_PAGE = 100;
/** BatchWriteItem takes so many. */
const BATCH_SIZE = 25;

/**
 * An agent's patterns. Every write is conditional on the version that was read and says the whole row, so a run that
 * was killed anywhere is simply run again: what is there already is written once more or not at all.
 */
export class PatternStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Every pattern of the agent in whatever status, strongly consistent. */
  async ofAgent(agentId: string): Promise<Pattern[]> {
    return (await queryPartition(this.#table.documents, this.#table.name, patternPartition(agentId))).map(
      fromItem,
    );
  }

  async get(agentId: string, patternId: string): Promise<Pattern | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({
        TableName: this.#table.name,
        Key: patternKey(agentId, patternId),
        ConsistentRead: true,
      }),
    );
    return Item && fromItem(Item);
  }

  /** Those of them that exist, in no particular order, strongly consistent. */
  async getMany(patterns: readonly Pick<Pattern, 'agentId' | 'patternId'>[]): Promise<Pattern[]> {
    const keys = patterns.map(({ agentId, patternId }) => patternKey(agentId, patternId));
    return (await getAll(this.#table.documents, this.#table.name, keys)).map(fromItem);
  }

  /** One page of the confidence index, best first: eventually consistent. */
  async byConfidence(
    agentId: string,
    minConfidence: number,
    after?: ConfidencePosition,
  ): Promise<{ readonly patterns: readonly Pattern[]; readonly last: boolean }> {
    const page = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        IndexName: confidenceIndex.name,
        ScanIndexForward: false,
        Limit: INDEX_PAGE,
        KeyConditionExpression: '#pk = :pk AND #confidence >= :min',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#confidence': confidenceIndex.sortKey.name },
        ExpressionAttributeValues: { ':pk': patternPartition(agentId), ':min': minConfidence },
        ...(after && {
          ExclusiveStartKey: { ...patternKey(agentId, after.patternId), confidence: after.confidence },
        }),
      }),
    );
    return { patterns: (page.Items ?? []).map(fromItem), last: page.LastEvaluatedKey === undefined };
  }

  /** The newest versions, newest first, at most `limit`. */
  async versions(agentId: string, patternId: string, limit: number): Promise<PatternVersion[]> {
    const { Items } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: limit,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': historyPartition(agentId, patternId), ':prefix': VERSION_PREFIX },
      }),
    );
    return (Items ?? []).map(fromVersionItem);
  }

  /** The digests kept of the decisions behind a pattern, newest first. */
  async digests(agentId: string, patternId: string): Promise<readonly EvidenceDigest[]> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({
        TableName: this.#table.name,
        Key: evidenceKey(agentId, patternId),
        ConsistentRead: true,
      }),
    );
    return fromEvidenceItem(Item);
  }

  async saveDigests(agentId: string, patternId: string, digests: readonly EvidenceDigest[]): Promise<void> {
    await this.#table.documents.send(
      new PutCommand({ TableName: this.#table.name, Item: toEvidenceItem(agentId, patternId, digests) }),
    );
  }

  /**
   * Replaces `before` (absent: the pattern is new). A new version and its history row are one transaction.
   * @throws ConflictError when somebody else changed the pattern in between
   */
  async save(after: Pattern, before?: Pattern): Promise<void> {
    const put = {
      TableName: this.#table.name,
      Item: toItem(after),
      ConditionExpression: before ? '#version = :version' : 'attribute_not_exists(#version)',
      ExpressionAttributeNames: { '#version': 'version' },
      ...(before && { ExpressionAttributeValues: { ':version': before.version } }),
    };
    const { agentId, patternId } = after;
    try {
      if (after.version === before?.version) await this.#table.documents.send(new PutCommand(put));
      else
        await this.#table.documents.send(
          new TransactWriteCommand({
            TransactItems: [
              { Put: put },
              {
                Put: {
                  TableName: this.#table.name,
                  Item: toVersionItem(agentId, patternId, versionOf(after)),
                },
              },
            ],
          }),
        );
    } catch (error) {
      if (failedCondition(error) ?? failedTransaction(error))
        throw new ConflictError(`Pattern ${patternId} was changed by somebody else`);
      throw error;
    }
  }

  /**
   * Stores a new stated pattern with its first version, unless its id or its statement is taken.
   * @returns the id that has it; undefined when it was stored
   */
  async state(pattern: Pattern, statementId: string): Promise<string | undefined> {
    const { agentId, patternId } = pattern;
    const isNew = {
      TableName: this.#table.name,
      ConditionExpression: 'attribute_not_exists(#pk)',
      ExpressionAttributeNames: { '#pk': PARTITION_KEY },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    try {
      await this.#table.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { ...isNew, Item: toItem(pattern) } },
            { Put: { ...isNew, Item: { ...statementKey(agentId, statementId), patternId } } },
            {
              Put: {
                TableName: this.#table.name,
                Item: toVersionItem(agentId, patternId, versionOf(pattern)),
              },
            },
          ],
        }),
      );
      return undefined;
    } catch (error) {
      const failed = failedTransaction(error);
      if (!failed) throw error;
      return failed[0] ? patternId : String(failed[1]?.item?.['patternId']);
    }
  }

  /** Deletes a candidate with its history; the row itself goes last, so a deletion cut short is found again. */
  async drop({ agentId, patternId, version }: Pattern): Promise<void> {
    const keys = Array.from({ length: version }, (_, i) => versionKey(agentId, patternId, i + 1));
    for (let start = 0; start < keys.length; start += BATCH_SIZE) {
      let requests = keys.slice(start, start + BATCH_SIZE).map((Key) => ({ DeleteRequest: { Key } }));
      while (requests.length > 0) {
        const { UnprocessedItems } = await this.#table.documents.send(
          new BatchWriteCommand({ RequestItems: { [this.#table.name]: requests } }),
        );
        requests = (UnprocessedItems?.[this.#table.name] ?? []) as typeof requests;
      }
    }
    await this.#table.documents.send(
      new DeleteCommand({ TableName: this.#table.name, Key: patternKey(agentId, patternId) }),
    );
  }
}
