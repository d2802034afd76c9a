import { describe, expect, it } from '@jest/globals';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import {
  agentLog,
  type AgentLog,
  type Context,
  learnAlone,
  learnTogether,
  promotedAmong,
  type Random,
  ruleName as nameOf,
} from '../../support/agent-pools.ts';
import { seeded } from './case-generator.ts';

const SEEDS = Array.from({ length: 5 }, (_, i) => 1000 + i);
const logsOf = (random: Random, ...logs: readonly AgentLog[]): ResolvedCase[][] =>
  logs.map((log) => agentLog(log, random));
const honest: AgentLog = { decisions: 200, rate: () => 0.5 };
const others = [honest, honest, honest, honest];

/** Rules promoted in each of the logs. */
const learned = (make: (random: Random) => ResolvedCase[][]): string[][] =>
  SEEDS.map((seed) => promotedAmong(learnTogether(make(seeded(seed)))).map(nameOf));

describe('what agents learn together', () => {
  it('is a rule that holds in all of them and that none could learn alone', () => {
    const common: AgentLog = { decisions: 90, rate: ({ f0 }) => (f0 === 'a' ? 0.8 : 0.4) };
    const found = SEEDS.map((seed) => {
      const logs = logsOf(seeded(seed), common, common, common, common);
      const alone = learnAlone(logs).flat();
      return { together: promotedAmong(learnTogether(logs)).map(nameOf), alone: alone.length };
    });
    const hits = found.filter(({ together }) => together.includes('success: f0=a'));
    expect(hits.length).toBeGreaterThanOrEqual(SEEDS.length - 1);
    expect(found.reduce((sum, { alone }) => sum + alone, 0)).toBeLessThanOrEqual((4 * SEEDS.length) / 3);
    expect(found.flatMap(({ together }) => together).filter((name) => !name.includes('f0'))).toEqual([]);
  });

  it('is nothing where there is nothing', () => {
    expect(learned((random) => logsOf(random, honest, ...others)).flat()).toEqual([]);
  });

  it('is nothing that lies between agents of different success (Simpson)', () => {
    const often =
      (value: string) =>
      (values: Context, random: Random): Context =>
        random() < 0.8 ? { ...values, f0: value } : values;
    const rules = learned((random) =>
      logsOf(
        random,
        { decisions: 400, rate: () => 0.9, context: often('a') },
        { decisions: 400, rate: () => 0.3, context: often('b') },
        { decisions: 400, rate: () => 0.5 },
      ),
    );
    expect(rules.flat()).toEqual([]);
  });
});

describe('one agent of five cannot make the others believe', () => {
  const claims: Readonly<Record<string, AgentLog>> = {
    'a condition nobody else meets': {
      decisions: 1000,
      rate: () => 1,
      context: (values) => ({ ...values, moon: 'full' }),
    },
    'a condition all others meet': {
      decisions: 1000,
      rate: () => 1,
      context: (values) => ({ ...values, f0: 'a' }),
    },
    'a condition that it also fails without': {
      decisions: 2000,
      rate: ({ f0 }) => (f0 === 'a' ? 1 : 0.3),
    },
    'four conditions at once': {
      decisions: 2000,
      rate: ({ f0, f1, f2, f3 }) =>
        0.34 + [f0 === 'a', f1 === 'b', f2 === 'c', f3 === 'd'].filter(Boolean).length * 0.16,
    },
  };

  it.each(Object.entries(claims))('%s', (_, liar) => {
    expect(learned((random) => logsOf(random, liar, ...others)).flat()).toEqual([]);
  });

  it('and it is said who carried it', () => {
    const liar = claims['a condition that it also fails without']!;
    const judged = learnTogether(logsOf(seeded(1), liar, ...others));
    const refuted = judged.find(({ finding }) => nameOf(finding) === 'success: f0=a')!;
    expect(refuted.finding).toMatchObject({ verdict: 'reject', reason: 'carried_by_one_agent' });
    expect(refuted.contributors[0]).toMatchObject({ agentId: 'agent-0' });
    expect(refuted.contributors).toHaveLength(5);
    expect(new Set(refuted.finding.evidence.map(({ agentId }) => agentId)).size).toBe(5);
  });

  it('nor keep them from what they know, beside what it makes up', () => {
    const knowing: AgentLog = { decisions: 200, rate: ({ f1 }) => (f1 === 'b' ? 0.8 : 0.4) };
    const liar = claims['a condition nobody else meets']!;
    const rules = learned((random) => logsOf(random, liar, knowing, knowing, knowing, knowing));
    expect(rules).toEqual(SEEDS.map(() => ['success: f1=b']));
  });
});
