type Pattern = { readonly [key: string]: Pattern | readonly unknown[] };

function matchesOne(candidate: unknown, value: unknown): boolean {
  if (candidate === null || typeof candidate !== 'object') return candidate === value;
  const [operator, operand] = Object.entries(candidate)[0] ?? [];
  switch (operator) {
    case 'exists':
      return (value !== undefined) === operand;
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(operand));
    case 'suffix':
      return typeof value === 'string' && value.endsWith(String(operand));
    case 'anything-but':
      return value !== undefined && ![operand].flat().includes(value);
    default:
      throw new Error(`event pattern operator '${String(operator)}' is not understood by the local service`);
  }
}

/**
 * EventBridge's pattern language, as far as event source filters use it: exact values, `exists`, `prefix`, `suffix`,
 * `anything-but`, nested at will.
 */
export function matchesPattern(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([key, expected]) => {
    const value =
      event !== null && typeof event === 'object' ? (event as Record<string, unknown>)[key] : undefined;
    if (Array.isArray(expected))
      return expected.some((candidate) => [value].flat().some((item) => matchesOne(candidate, item)));
    return matchesPattern(expected as Pattern, value);
  });
}

/** Whether a record passes: without filters every one does. */
export function createFilter(filters: readonly string[]): (record: unknown) => boolean {
  const patterns = filters.map((filter) => JSON.parse(filter) as Pattern);
  return (record) => patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, record));
}
