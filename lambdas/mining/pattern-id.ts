import type { Asserts, Condition } from './vocabulary.ts';

/** A hash of a text as hexadecimal digits, at least 16. It is passed in, because this code is pure. */
export type Hash = (text: string) => string;

/** A condition as one comparable text. A quantile is named by its rank, so the key stays while cut points move. */
export function conditionKey(condition: Condition): string {
  switch (condition.op) {
    case 'eq':
    case 'contains':
      return JSON.stringify([condition.path, condition.op, condition.value]);
    case 'in_range':
      return JSON.stringify(
        condition.bin === undefined
          ? [condition.path, condition.op, condition.min, condition.max]
          : [condition.path, condition.op, condition.bin],
      );
    case 'present':
      return JSON.stringify([condition.path, condition.op]);
  }
}

/** Sorts conditions into the one order in which they are stored. */
export const sortConditions = (conditions: readonly Condition[]): Condition[] =>
  conditions
    .map((condition) => ({ condition, key: conditionKey(condition) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ condition }) => condition);

/** Equal for the same assertion of the same conditions, in any order. */
export const claimKey = ({
  asserts,
  conditions,
}: {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}): string => JSON.stringify([asserts, conditions.map(conditionKey).sort()]);

/** Stable name of a pattern, in whatever order its conditions are. */
export function patternIdOf(
  agentId: string,
  decisionType: string,
  asserts: Asserts,
  conditions: readonly Condition[],
  hash: Hash,
): string {
  const text = JSON.stringify([agentId, decisionType, asserts, conditions.map(conditionKey).sort()]);
  return `PATTERN-${hash(text).slice(0, 16)}`;
}
