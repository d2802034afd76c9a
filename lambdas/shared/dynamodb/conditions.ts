/** The item as it was when a condition failed (`ReturnValuesOnConditionCheckFailure: ALL_OLD`), already unmarshalled. */
export interface FailedCondition {
  readonly item: Record<string, unknown> | undefined;
}

/** What a failed condition found, or undefined when the error is something else. */
export function failedCondition(error: unknown): FailedCondition | undefined {
  if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') return undefined;
  return { item: 'Item' in error ? (error.Item as Record<string, unknown> | undefined) : undefined };
}

/** For each action of a cancelled transaction, what its condition found; undefined when it was not cancelled. */
export function failedTransaction(error: unknown): readonly (FailedCondition | undefined)[] | undefined {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return undefined;
  const reasons = (error as { CancellationReasons?: { Code?: string; Item?: Record<string, unknown> }[] })
    .CancellationReasons;
  if (!reasons?.some(({ Code }) => Code === 'ConditionalCheckFailed')) return undefined;
  return reasons.map(({ Code, Item }) => (Code === 'ConditionalCheckFailed' ? { item: Item } : undefined));
}
