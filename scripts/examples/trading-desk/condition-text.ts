import type { Condition } from '../../../lambdas/mining/vocabulary.ts';

export function conditionText(condition: Condition): string {
  const path = condition.path.replace(/^market\./, '');
  switch (condition.op) {
    case 'eq':
      return `${path} = ${condition.value}`;
    case 'contains':
      return `${path} has ${condition.value}`;
    case 'present':
      return path;
    case 'in_range':
      if (condition.min === null) return `${path} < ${condition.max}`;
      return condition.max === null
        ? `${path} ≥ ${condition.min}`
        : `${condition.min} ≤ ${path} < ${condition.max}`;
  }
}
