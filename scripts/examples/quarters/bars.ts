import { normal, randomSource } from '../../shared/random.ts';

/** What a day ended with. */
export interface DailyBar {
  /** UTC. */
  readonly day: string;
  readonly close: number;
}

const DAY = 86_400_000;

/** Of `timestamp_utc,open,high,low,close,…` lines, one a day. @throws Error naming the first line that cannot be read */
export function readDailyBars(csv: string): DailyBar[] {
  const [header = '', ...lines] = csv.trim().split(/\r?\n/);
  const names = header.split(',');
  const [time, price] = [names.indexOf('timestamp_utc'), names.indexOf('close')];
  if (time < 0 || price < 0) throw new Error('the file must have the columns timestamp_utc and close');
  return lines.map((line, i) => {
    const fields = line.split(',');
    const at = Date.parse(fields[time] ?? '');
    const close = Number(fields[price]);
    if (!Number.isFinite(at) || !(close > 0))
      throw new Error(`line ${i + 2} is not a bar: ${line.slice(0, 80)}`);
    return { day: new Date(at).toISOString().slice(0, 10), close };
  });
}

/** Deviation of a day in calm and in stormy weeks, and how much of a move goes on the next day. */
const CALM = 0.004;
const STORMY = 0.05;
const MOMENTUM = 0.45;
const WEATHER_DAYS = 15;

/** A year of an invented market, and 90 days before it: weather lasts, and moves go on. */
export function inventDailyBars(year: number, seed: number): DailyBar[] {
  const random = randomSource(seed);
  const first = Date.UTC(year, 0, 1) - 90 * DAY;
  const bars: DailyBar[] = [];
  let close = 100;
  let move = 0;
  let stormy = false;
  for (let time = first; time < Date.UTC(year + 1, 0, 2); time += DAY) {
    if (random() < 1 / WEATHER_DAYS) stormy = !stormy;
    move = MOMENTUM * move + normal(random) * (stormy ? STORMY : CALM);
    close *= Math.exp(move);
    bars.push({ day: new Date(time).toISOString().slice(0, 10), close: Number(close.toFixed(4)) });
  }
  return bars;
}
