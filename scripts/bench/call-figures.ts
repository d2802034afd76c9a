import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { timed, timingOf } from '../shared/figures.ts';

const measured = ['call', 'raw', 'bare'] as const;

/** How calls compare with raw requests to the same emulator, made in turn with them. */
export class CallFigures {
  static readonly columns = [
    ...['call p50', 'raw p50', 'ratio p50', 'call p99', 'raw p99', 'ratio p99', 'requests p50'],
    ...['bare p50', 'call/bare', 'call CPU', 'raw CPU', 'first call'],
  ];
  /** Sent by each call. */
  readonly requests: number[] = [];
  #first = 0;
  readonly #times = { call: [] as number[], raw: [] as number[], bare: [] as number[] };
  readonly #cpu = { call: [] as number[], raw: [] as number[], bare: [] as number[] };

  /** What was counted so far was for warming up. */
  warm(): void {
    this.#first = this.#times.call[0]!;
    this.requests.length = 0;
    for (const what of measured) this.#times[what].length = this.#cpu[what].length = 0;
  }

  /** Runs it and notes its time, and what this process spent on it. */
  async take(what: (typeof measured)[number], work: () => Promise<unknown>): Promise<void> {
    const before = process.cpuUsage();
    this.#times[what].push(await timed(work));
    const { user, system } = process.cpuUsage(before);
    this.#cpu[what].push((user + system) / 1000);
  }

  row(): string[] {
    const [call, raw, bare] = measured.map((what) => timingOf(this.#times[what]));
    const [callCpu, rawCpu] = measured.map((what) => timingOf(this.#cpu[what]).p50);
    const compared = [call!.p50, raw!.p50, call!.p50 / raw!.p50, call!.p99, raw!.p99, call!.p99 / raw!.p99];
    return [
      ...compared.map(ms),
      String(timingOf(this.requests).p50),
      ...[bare!.p50, call!.p50 / bare!.p50, callCpu!, rawCpu!, this.#first].map(ms),
    ];
  }
}

const ms = (value: number): string => value.toFixed(2);

/** The client with every request counted. */
export function counted(
  documents: DynamoDBDocumentClient,
  sent: { requests: number },
): DynamoDBDocumentClient {
  const send = (...args: Parameters<DynamoDBDocumentClient['send']>) => {
    sent.requests++;
    return documents.send(...args);
  };
  return Object.assign(Object.create(documents) as DynamoDBDocumentClient, { send });
}
