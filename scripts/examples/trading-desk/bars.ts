/** One hour of prices. A bar is known when its hour is over, so that is the time it carries. */
export interface Bar {
  /** End of the hour, milliseconds since the epoch. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/**
 * Bars of `timestamp_utc,open,high,low,close,volume…` lines, where the timestamp is the start of the hour.
 *
 * @throws Error naming the first line that cannot be read, or the first gap
 */
export function readBars(csv: string): Bar[] {
  const [header = '', ...lines] = csv.trim().split(/\r?\n/);
  if (!/^timestamp_utc,open,high,low,close,volume/.test(header))
    throw new Error('the file must begin with timestamp_utc,open,high,low,close,volume');
  const bars = lines.map((line, i): Bar => {
    const [start = '', ...fields] = line.split(',');
    const [open, high, low, close, volume] = fields.map(Number) as [number, number, number, number, number];
    const time = Date.parse(start) + HOUR;
    if (![time, open, high, low, close, volume].every(Number.isFinite))
      throw new Error(`line ${i + 2} is not a bar: ${line.slice(0, 80)}`);
    return { time, open, high, low, close, volume };
  });
  const gap = bars.findIndex((bar, i) => i > 0 && bar.time - bars[i - 1]!.time !== HOUR);
  if (gap > 0) throw new Error(`line ${gap + 2} does not follow the hour before it`);
  return bars;
}
