import { MAX_PATH_LENGTH } from '../settings.ts';
import type { DecisionFacts, FeatureValue, Features, MiningSettings } from '../types.ts';
import type { Scalar } from '../vocabulary.ts';
import { parseWindowedPath, signalPath, signalWindowOf } from './windowed-path.ts';

/** Paths that are not part of the context. A context path spelled like one of them is written `context.<path>`. */
const RESERVED = /^(?:selected|action|time\.(?:hourBucket|weekday))$/;
const isReserved = (path: string): boolean => RESERVED.test(path) || parseWindowedPath(path) !== undefined;
const HOUR_BUCKETS = ['00-06', '06-12', '12-18', '18-24'] as const;
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export const PRESENT: FeatureValue = { kind: 'present' };

/** A key as a path segment. A literal dot is `\.` and a literal backslash `\\`, so different keys never share a path. */
const segment = (key: string): string => key.replace(/[\\.]/g, '\\$&');

const contextPath = (path: string): string =>
  isReserved(path.replace(/^(?:context\.)+/, '')) ? `context.${path}` : path;

/**
 * The features of one decision by path: the flattened `context`, the selection, the action, the signals it knew of, and
 * the decisions before it. Its time is two features: a quarter of the UTC day (`00-06`, `06-12`, `12-18`, `18-24`) and
 * the UTC weekday, in English and lower case. The JSON type decides and nothing is coerced: `"1"` and `1` are different
 * values.
 */
export function extractFeatures(facts: DecisionFacts, settings: MiningSettings): Features {
  const features = new Map<string, FeatureValue>();

  const scalar = (value: unknown): Scalar | undefined => {
    if (typeof value === 'string') return isShort(value, settings.maxStringLength) ? value : undefined;
    if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined; // -0 is 0
    return typeof value === 'boolean' ? value : undefined;
  };
  const addSet = (path: string, items: readonly unknown[]): void => {
    const values = new Set<Scalar>();
    for (const item of items) {
      const value = scalar(item);
      if (value !== undefined) values.add(value);
    }
    if (values.size > 0) features.set(path, { kind: 'set', values: [...values] });
  };
  const addValue = (path: string, raw: unknown): void => {
    const value = scalar(raw);
    if (value !== undefined) features.set(path, { kind: 'value', value });
  };
  const flatten = (object: object, prefix: string): void => {
    for (const [key, value] of Object.entries(object)) {
      const path = prefix + segment(key);
      if (path.length > MAX_PATH_LENGTH) continue;
      if (Array.isArray(value)) addSet(contextPath(path), value);
      else if (value !== null && typeof value === 'object') flatten(value, `${path}.`);
      else addValue(contextPath(path), value);
    }
  };

  flatten(facts.context, '');
  if (facts.selected) addSet('selected', facts.selected);
  addValue('action', facts.action);
  for (const type of facts.signalTypes)
    features.set(signalPath(type, signalWindowOf(type, settings)), PRESENT);
  for (const path of facts.preceding ?? []) features.set(path, PRESENT);
  const time = new Date(facts.timestamp);
  addValue('time.hourBucket', HOUR_BUCKETS[Math.floor(time.getUTCHours() / 6)]);
  addValue('time.weekday', WEEKDAYS[time.getUTCDay()]);
  return features;
}

/** True for at most `limit` characters, where one outside the basic plane counts as one. */
const isShort = (text: string, limit: number): boolean =>
  text.length <= limit || (text.length <= 2 * limit && [...text].length <= limit);
