import { wilsonInterval } from '../mining/statistics/wilson.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { DEFAULT_WINDOW_DAYS } from './results-report.ts';
import type { WeightsRequest } from './contract.ts';
import { addDays, dayAt } from './periods.ts';
import {
  defaultWeightSettings,
  pooledError,
  shrunkError,
  type TrackRecord,
  type WeightSettings,
  weightsOf,
} from './provider-weights.ts';
import type { ResultReader } from './result-reader.ts';
import type { Tally } from './tally.ts';

const none: TrackRecord = { n: 0, right: 0 };

/** A provider was right when its advice was followed with success, or not followed and the decision failed. */
const recordOf = ({ resolved, successes, against }: Tally): TrackRecord => ({
  n: resolved + against.n,
  right: successes + against.failures,
});

/** How much each provider's vote should count in an ensemble. */
export class Ensemble {
  readonly #reader: ResultReader;
  readonly #clock: Clock;
  readonly #settings: WeightSettings;

  constructor(reader: ResultReader, clock: Clock, settings = defaultWeightSettings) {
    this.#reader = reader;
    this.#clock = clock;
    this.#settings = settings;
  }

  /**
   * Without trades all weights are 1. A regime's records are shrunk towards each provider's record everywhere, and those
   * towards the error of all providers together.
   */
  async weights(agentId: string, { regime, windowDays = DEFAULT_WINDOW_DAYS, providers }: WeightsRequest) {
    const to = dayAt(this.#clock().getTime());
    const from = addDays(to, 1 - windowDays);
    const { tallies, uncounted } = await this.#reader.between(
      agentId,
      ['provider', ...(regime === undefined ? [] : (['provider+regime'] as const))],
      { from, to },
    );
    const overall = new Map<string, TrackRecord>();
    for (const { key, tally } of tallies.get('provider')!.entries)
      if (key[0] !== null) overall.set(key[0]!, recordOf(tally));
    const ofRegime = new Map<string, TrackRecord>();
    for (const { key, tally } of tallies.get('provider+regime')?.entries ?? [])
      if (key[0] !== null && key[1] === regime) ofRegime.set(key[0]!, recordOf(tally));

    const names = providers ?? [...overall.keys()].sort();
    const records = names.map((name) => overall.get(name) ?? none);
    const pooled = pooledError([...overall.values()]);
    const { priorTrades } = this.#settings;
    const everywhere = records.map((record) => shrunkError(record, pooled, priorTrades));
    const counted = regime === undefined ? records : names.map((name) => ofRegime.get(name) ?? none);
    const errors =
      regime === undefined
        ? everywhere
        : counted.map((record, i) => shrunkError(record, everywhere[i]!, priorTrades));
    const weights = weightsOf(errors, this.#settings);
    return {
      agentId,
      from,
      to,
      regime: regime ?? null,
      items: names
        .map((provider, i) => {
          const { n, right } = counted[i]!;
          return {
            provider,
            weight: weights[i]!,
            n,
            right,
            rate: n === 0 ? null : right / n,
            interval: n === 0 ? null : wilsonInterval(right, n),
            expectedError: errors[i]!,
          };
        })
        .sort((a, b) => b.weight - a.weight || (a.provider < b.provider ? -1 : 1)),
      settings: this.#settings,
      uncountedDays: uncounted.length,
    };
  }
}
