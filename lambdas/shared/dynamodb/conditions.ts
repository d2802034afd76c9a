import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

/** The item as it was when a condition failed (`ReturnValuesOnConditionCheckFailure: ALL_OLD`). */
export interface FailedCondition {
  readonly item: Record<string, unknown> | undefined;
}

type StoredItem = Record<string, AttributeValue>;

/** The document client unmarshalls answers, not errors. */
const plain = (item: StoredItem | undefined): Record<string, unknown> | undefined =>
  item && unmarshall(item, { wrapNumbers: Number });

/** The item that a failed condition found. Undefined for any other error. */
export function failedCondition(error: unknown): FailedCondition | undefined {
  if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') return undefined;
  return { item: plain('Item' in error ? (error.Item as StoredItem | undefined) : undefined) };
}

/** For each action of a cancelled transaction, what its condition found; undefined when it was not cancelled. */
export function failedTransaction(error: unknown): readonly (FailedCondition | undefined)[] | undefined {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return undefined;
  const reasons = (error as { CancellationReasons?: { Code?: string; Item?: StoredItem }[] })
    .CancellationReasons;
  if (!reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed')) return undefined;
  return reasons.map(({ Code, Item }) =>
    Code === 'ConditionalCheckFailed' ? { item: plain(Item) } : undefined,
  );
}
