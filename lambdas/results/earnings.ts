import type { EarningsFigures } from './contract.ts';
import { QuantileSketch, type StoredSketch } from './quantile-sketch.ts';

/** `[n, total, mean, squares, best, worst, profit, gains, loss, losses]` */
type StoredSums = readonly [number, number, number, number, number, number, number, number, number, number];

export interface StoredEarnings {
  readonly sums: StoredSums;
  readonly sketch: StoredSketch;
}

/** Earnings of decisions. Sums of parts are merged as by Chan, Golub & LeVeque (1979), so a mean never loses digits. */
export class Earnings {
  #n = 0;
  #total = 0;
  #mean = 0;
  #squares = 0;
  #best = -Infinity;
  #worst = Infinity;
  #profit = 0;
  #gains = 0;
  #loss = 0;
  #losses = 0;
  #sketch = new QuantileSketch();

  get total(): number {
    return this.#total;
  }

  get n(): number {
    return this.#n;
  }

  add(pnl: number): void {
    const step = pnl - this.#mean;
    this.#n++;
    this.#total += pnl;
    this.#mean += step / this.#n;
    this.#squares += step * (pnl - this.#mean);
    this.#best = Math.max(this.#best, pnl);
    this.#worst = Math.min(this.#worst, pnl);
    if (pnl > 0) {
      this.#profit += pnl;
      this.#gains++;
    } else if (pnl < 0) {
      this.#loss -= pnl;
      this.#losses++;
    }
    this.#sketch.add(pnl);
  }

  merge(other: Earnings): void {
    if (other.#n === 0) return;
    const n = this.#n + other.#n;
    const step = other.#mean - this.#mean;
    this.#squares += other.#squares + (step * step * this.#n * other.#n) / n;
    this.#mean += (step * other.#n) / n;
    this.#n = n;
    this.#total += other.#total;
    this.#best = Math.max(this.#best, other.#best);
    this.#worst = Math.min(this.#worst, other.#worst);
    this.#profit += other.#profit;
    this.#gains += other.#gains;
    this.#loss += other.#loss;
    this.#losses += other.#losses;
    this.#sketch.merge(other.#sketch);
  }

  figures(): EarningsFigures {
    const n = this.#n;
    const some = <T>(value: T): T | null => (n === 0 ? null : value);
    const averageGain = this.#gains === 0 ? null : this.#profit / this.#gains;
    const averageLoss = this.#losses === 0 ? null : this.#loss / this.#losses;
    const expectancy =
      n === 0 ? null : (this.#gains / n) * (averageGain ?? 0) - (this.#losses / n) * (averageLoss ?? 0);
    return {
      n,
      total: this.#total,
      mean: some(this.#mean),
      median: this.#sketch.quantile(0.5),
      deviation: n < 2 ? null : Math.sqrt(this.#squares / (n - 1)),
      lowerQuartile: this.#sketch.quantile(0.25),
      upperQuartile: this.#sketch.quantile(0.75),
      best: some(this.#best),
      worst: some(this.#worst),
      profitFactor: this.#losses === 0 ? null : ratioOf(this.#profit, this.#loss),
      averageGain,
      averageLoss,
      expectancy,
      expectancyRatio: expectancy === null || averageLoss === null ? null : ratioOf(expectancy, averageLoss),
    };
  }

  toStored(): StoredEarnings {
    return {
      sums: [
        this.#n,
        this.#total,
        this.#mean,
        this.#squares,
        this.#best,
        this.#worst,
        this.#profit,
        this.#gains,
        this.#loss,
        this.#losses,
      ],
      sketch: this.#sketch.toStored(),
    };
  }

  static fromStored({ sums, sketch }: StoredEarnings): Earnings {
    const earnings = new Earnings();
    [
      earnings.#n,
      earnings.#total,
      earnings.#mean,
      earnings.#squares,
      earnings.#best,
      earnings.#worst,
      earnings.#profit,
      earnings.#gains,
      earnings.#loss,
      earnings.#losses,
    ] = sums;
    earnings.#sketch = QuantileSketch.fromStored(sketch);
    return earnings;
  }
}

/** Null where the ratio is beyond the range of a number, which JSON could not say. */
const ratioOf = (numerator: number, denominator: number): number | null => {
  const ratio = numerator / denominator;
  return Number.isFinite(ratio) ? ratio : null;
};
