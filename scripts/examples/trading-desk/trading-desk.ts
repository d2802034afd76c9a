/** Three agents live through hourly bars with the service; then what they learned is checked. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { UsageError } from '../../shared/options.ts';
import { withServiceAt } from '../../shared/own-service.ts';
import { Progress } from '../../shared/progress.ts';
import { type AgentRole, agentRoles, decisionTypes } from './agents.ts';
import { DAY, readBars } from './bars.ts';
import { ServiceClient } from './client.ts';
import { readAll, stateAll } from './hypotheses.ts';
import { INVENTED_TRUTH, inventMarket, lastDays, type Period } from './market.ts';
import type { DemoOptions } from './options.ts';
import { checkClaim } from './out-of-sample.ts';
import { type DemoResult, reportOf } from './report.ts';
import { thumbRules } from './rule-of-thumb.ts';
import { type AgentNames, Simulation } from './simulation.ts';

/** As far back as a consolidation looks. */
const WINDOW_DAYS = 90;
const NEAREST = 10;

function readPeriod({ csv, days, test, seed }: DemoOptions): Period {
  if (csv === undefined) return inventMarket(days + test, seed);
  try {
    return lastDays(readBars(readFileSync(csv, 'utf8')), days + test);
  } catch (error) {
    throw new UsageError(`${csv}: ${(error as Error).message}`);
  }
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

/** In a service that knows these agents already, the demo brings its own: a past it has not lived through is no use. */
async function namesIn(service: ServiceClient, keep: boolean): Promise<AgentNames> {
  const taken = keep && (await Promise.all(agentRoles.map((role) => service.knowsAgent(role)))).some(Boolean);
  const suffix = taken ? `-${Date.now().toString(36)}` : '';
  return Object.fromEntries(agentRoles.map((role) => [role, role + suffix])) as Record<AgentRole, string>;
}

async function demonstrate(
  options: DemoOptions,
  period: Period,
  service: ServiceClient,
): Promise<DemoResult> {
  const begun = Date.now();
  const progress = new Progress();
  const names = await namesIn(service, options.keep);
  const simulation = new Simulation(service, names, period);
  const { totals } = simulation;
  await simulation.register();
  await stateAll(service, names['market-hunter'], new Date(period.start).toISOString());

  const total = options.days + options.test;
  let conjunctions: number | undefined;
  // A night reads nothing later than its midnight, so the next day may begin meanwhile; the night after waits for it.
  let night: Promise<number> | undefined;
  for (let index = 0; index < total; index++) {
    await Promise.all([simulation.live(index), night?.then((tested) => (conjunctions = tested))]);
    night =
      index < options.days
        ? simulation.consolidate(index, options.keep ? Object.values(names) : [undefined])
        : undefined;
    progress.show(
      `day ${index + 1} of ${total}${index < options.days ? '' : ' (learning is frozen)'}: ` +
        `${totals.decisions} decisions, ${totals.signals} signals, ${totals.acknowledgements} acknowledged, ` +
        `${totals.consolidations} nights, ${Math.round((Date.now() - begun) / 1000)} s`,
    );
  }
  if (night) conjunctions = await night;
  progress.clear();

  const frozen = period.start + options.days * DAY;
  const patterns = async (status: 'promoted' | 'candidate') =>
    (await Promise.all(agentRoles.map((role) => service.patterns(names[role], status)))).flat();
  const promoted = await patterns('promoted');
  const candidates = (await patterns('candidate')).sort(
    (a, b) => (a.qValue ?? 1) - (b.qValue ?? 1) || a.pValue - b.pValue,
  );
  const resolved = simulation.cases();
  const unseen = resolved.filter(({ time }) => time >= frozen);
  const window = resolved.filter(({ time }) => time < frozen && time > frozen - WINDOW_DAYS * DAY);
  const thumb = decisionTypes
    .flatMap((type) =>
      thumbRules(
        type,
        window.filter(({ decisionType }) => decisionType === type),
      ),
    )
    .sort((a, b) => b.heuristicConfidence - a.heuristicConfidence || b.n - a.n);

  return {
    market: options.csv
      ? `Real prices, ${basename(options.csv)}, ${day(period.start)} to ${day(period.start + total * DAY)}`
      : `An invented market (seed ${options.seed})`,
    ...(!options.csv && { truth: INVENTED_TRUTH }),
    learned: { from: day(period.start), to: day(frozen), days: options.days },
    tested: { days: options.test },
    totals,
    ...(conjunctions !== undefined && { conjunctions }),
    stated: await readAll(service, names['market-hunter']),
    promoted: promoted.map((rule) => ({ rule, check: checkClaim(rule, unseen) })),
    candidates: candidates.slice(0, NEAREST),
    thumb: thumb.map((rule) => ({ rule, check: checkClaim(rule, unseen) })),
    seconds: (Date.now() - begun) / 1000,
    requests: service.requests,
  };
}

export async function run(options: DemoOptions): Promise<void> {
  const period = readPeriod(options);
  const url = options.keep ? `http://127.0.0.1:${options.port}` : undefined;
  const result = await withServiceAt(url, (at) => demonstrate(options, period, new ServiceClient(at)));
  process.stdout.write(`${reportOf(result)}\n`);
}
