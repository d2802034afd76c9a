import type { Condition } from '../vocabulary.ts';
import type { Features } from '../types.ts';

/** True when a situation's features meet a condition. Types are compared strictly. */
export function conditionHolds(condition: Condition, features: Features): boolean {
  const feature = features.get(condition.path);
  if (!feature) return false;
  switch (condition.op) {
    case 'present':
      return true;
    case 'eq':
      return feature.kind === 'value' && feature.value === condition.value;
    case 'contains':
      return feature.kind === 'set' && feature.values.includes(condition.value);
    case 'in_range':
      return (
        feature.kind === 'value' && typeof feature.value === 'number' && inRange(feature.value, condition)
      );
  }
}

/** `min ≤ value < max`; a bound of `null` is open. */
export const inRange = (
  value: number,
  range: { readonly min: number | null; readonly max: number | null },
): boolean => (range.min === null || value >= range.min) && (range.max === null || value < range.max);
