import type { Asserts, Condition } from './vocabulary.ts';

/** A hash of a text as hexadecimal digits (16 at least); passed in, because this code is pure. */
export type Hash = (text: string) => string;

/** A condition as one comparable text: by value, or by quantile rank, so it stays while cut points move. */
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

/** The one order conditions are kept in. */
export const sortConditions = (conditions: readonly Condition[]): Condition[] =>
  conditions
    .map((condition) => ({ condition, key: conditionKey(condition) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ condition }) => condition);

/** Stable name of a pattern, whatever order its conditions are in. */
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
