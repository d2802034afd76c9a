/** The number of decisions a provider advised on, and how often it was right. */
export interface TrackRecord {
  readonly n: number;
  readonly right: number;
}

export interface WeightSettings {
  /** The prior counts as this many trades, so it outweighs a provider's record until it has as many. @default 20 */
  readonly priorTrades: number;
  /** @default 0.25 */
  readonly least: number;
  /** @default 3 */
  readonly most: number;
}

export const defaultWeightSettings: WeightSettings = { priorTrades: 20, least: 0.25, most: 3 };

/**
 * Share of its calls that a provider gets wrong, shrunk towards `prior` as if `priorTrades` more trades had that rate:
 * `(wrong + k·prior) / (n + k)`. @see Cestnik (1990), the m-estimate, Proc. ECAI 147–149
 */
export const shrunkError = ({ n, right }: TrackRecord, prior: number, priorTrades: number): number =>
  (n - right + priorTrades * prior) / (n + priorTrades);

/** Error of all providers together, with half a call on either side, so that it is never 0. */
export function pooledError(records: readonly TrackRecord[]): number {
  const n = records.reduce((sum, record) => sum + record.n, 0);
  const right = records.reduce((sum, record) => sum + record.right, 0);
  return (n - right + 0.5) / (n + 1);
}

/**
 * Weights of an ensemble: in inverse proportion to the providers' errors, none below `least` or above `most`, summing
 * to the number of providers. A call that is right or wrong has its error rate as its mean squared error, and inverse
 * mean squared errors are the best weights of forecasts whose errors are independent.
 * @see Bates & Granger (1969), The Combination of Forecasts, Operational Research Quarterly 20:451–468
 * @param errors one a provider, above 0
 */
export function weightsOf(
  errors: readonly number[],
  { least, most }: Pick<WeightSettings, 'least' | 'most'> = defaultWeightSettings,
): number[] {
  if (errors.length === 0) return [];
  const raw = errors.map((error) => 1 / error);
  const bounded = (scale: number): number[] =>
    raw.map((weight) => Math.min(most, Math.max(least, weight * scale)));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // The sum rises with the scale from n·least to n·most, and least ≤ 1 ≤ most. Bisection finds the scale where it is n.
  let low = 0;
  let high = most / Math.min(...raw);
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (sum(bounded(middle)) < errors.length) low = middle;
    else high = middle;
  }
  return bounded(high);
}
