/** Processor seconds for one size; it is then printed as more than this. */
export const APRIORI_SECONDS = 40;

export interface Measured {
  readonly seconds: number;
  /** Processor time: what it would take one core of an idle machine. */
  readonly cpuSeconds: number;
}

export interface MinerFigures {
  readonly decisions: number;
  /** From arrays to what the miner keeps, then everything else. */
  readonly adding: Measured;
  readonly mining: Measured;
  readonly peakMegabytes: number;
  readonly tested: number;
  readonly promoted: number;
}

export interface AprioriFigures {
  readonly cpuSeconds: number;
  /** Itemsets it found; undefined when its time was up. */
  readonly found: number | undefined;
}
