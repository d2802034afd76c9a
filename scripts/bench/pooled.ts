/**
 * The pooled run on agents with known truth. How often a common rule is found that the agents are too small for, and how
 * often anything false is: with nothing to find, with agents of different success (Simpson), and with one agent that
 * makes up successes.
 */
import { randomSource } from '../shared/random.ts';
import {
  type AgentLog,
  agentLog,
  learnAlone,
  learnTogether,
  promotedAmong,
  type Random,
  ruleName,
} from '../../test/support/agent-pools.ts';

const RULE = 'success: f0=a';
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(8);

const honest: AgentLog = { decisions: 200, rate: () => 0.5 };
const four = [honest, honest, honest, honest];
const oftener = (value: string) => (context: Readonly<Record<string, string>>, random: Random) =>
  random() < 0.8 ? { ...context, f0: value } : context;

/** Nothing here is true of two agents: whatever is promoted is false. */
const nothingToFind: Readonly<Record<string, readonly AgentLog[]>> = {
  'five honest agents, no effect': [honest, ...four],
  'agents of different success (Simpson)': [
    { decisions: 400, rate: () => 0.9, context: oftener('a') },
    { decisions: 400, rate: () => 0.3, context: oftener('b') },
    { decisions: 400, rate: () => 0.5 },
  ],
  '1,000 made up, of a condition nobody meets': [
    { decisions: 1000, rate: () => 1, context: (context) => ({ ...context, moon: 'full' }) },
    ...four,
  ],
  '1,000 made up, of one that all meet': [
    { decisions: 1000, rate: () => 1, context: (context) => ({ ...context, f0: 'a' }) },
    ...four,
  ],
  '2,000, good where all meet it, bad elsewhere': [
    { decisions: 2000, rate: ({ f0 }) => (f0 === 'a' ? 1 : 0.3) },
    ...four,
  ],
  '2,000 such against a single honest agent': [
    { decisions: 2000, rate: ({ f0 }) => (f0 === 'a' ? 1 : 0.3) },
    honest,
  ],
};

/** Agents, decisions of each, and success rate where the common rule holds. */
const commonRules = [
  [2, 100, 0.85],
  [2, 150, 0.8],
  [3, 90, 0.8],
  [4, 90, 0.8],
  [5, 90, 0.7],
  [5, 150, 0.7],
  [5, 300, 0.6],
] as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function printFalse(name: string, logs: readonly AgentLog[], seeds: number): void {
  let falsely = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomSource(seed);
    if (promotedAmong(learnTogether(logs.map((log) => agentLog(log, random)))).length > 0) falsely++;
  }
  print(`${percent(falsely / seeds)}  ${name}`);
}

function printFound([agents, decisions, rate]: (typeof commonRules)[number], seeds: number): void {
  let found = 0;
  let alone = 0;
  let other = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomSource(seed);
    const logs = Array.from({ length: agents }, (_, i) =>
      agentLog({ decisions, rate: ({ f0 }) => (f0 === 'a' ? rate : 0.4 + (i % 3) / 20) }, random, 8),
    );
    const together = promotedAmong(learnTogether(logs)).map(ruleName);
    if (together.includes(RULE)) found++;
    if (together.some((name) => name !== RULE)) other++;
    alone += learnAlone(logs).filter((learned) => learned.map(ruleName).includes(RULE)).length;
  }
  print(
    `${String(agents).padStart(6)}${String(decisions).padStart(16)}${rate.toFixed(2).padStart(6)}` +
      `${percent(found / seeds).padStart(16)}${percent(alone / seeds / agents).padStart(25)}${percent(other / seeds).padStart(15)}`,
  );
}

export interface PooledOptions {
  readonly seeds: number;
  /** Prints the first row of each kind only. */
  readonly quick: boolean;
}

export async function run({ seeds, quick }: PooledOptions): Promise<void> {
  const rows = quick ? 1 : undefined;
  print(`${seeds} seeds a row\n\nFALSE: logs that promote anything`);
  for (const [name, logs] of Object.entries(nothingToFind).slice(0, rows)) printFalse(name, logs, seeds);
  print('\nFOUND: one rule common to all, base rate 0.40–0.50, eight fields');
  print('agents  decisions each  rate  found together  found by an agent alone  anything else');
  for (const rule of commonRules.slice(0, rows)) printFound(rule, seeds);
}
